import type { Manifest, ManifestView } from '../manifest/manifest.ts';
import { DROP_IN } from '../wrap/unit.ts';
import { count } from './numbers.ts';

/** Counts the files of a staged root. */
export function stagedCount({ files, view }: Manifest): string {
  const copied = files.filter(({ origin, link }) => origin !== undefined && link === undefined);
  const roots = [...new Set(copied.flatMap(({ origin }) => origin?.root ?? []))];
  const extent = view?.staged === 'closure' ? 'the named paths and what they load' : 'the whole root';
  return `${count(copied.length, 'file')} (${extent}), from ${roots.join(', ')}`;
}

/** Describes the view in which wrapped programs run, in lines with a label each. */
export function viewRows(
  { form, because, mounts, needs }: ManifestView,
  units: readonly string[],
): [string, string][] {
  const readOnly = mounts.filter(mount => mount.readOnly).map(({ from }) => from);
  return [
    ...(units.length > 0 ? [['units', units.join(' ')] as [string, string]] : []),
    ['view', `${form}: ${because}`],
    ...(readOnly.length > 0 ? [['read-only', readOnly.join(' ')] as [string, string]] : []),
    ['needs', `on the host: ${needs.map(needText).join(', ')}`],
  ];
}

function needText({ program, of, floor, optional }: ManifestView['needs'][number]): string {
  const version = of === undefined ? '' : ` (${of} ${floor ?? ''}+)`;
  return `${program}${version}${optional ? ' (optional)' : ''}`;
}

/** Returns the units for which systemd itself sets up the view. */
export function unitsWithDropIn({ files }: Manifest): string[] {
  const dropIns = files.filter(({ role, path }) => role === 'metadata' && path.endsWith(DROP_IN));
  return dropIns.map(({ path }) => path.slice(0, -DROP_IN.length));
}
