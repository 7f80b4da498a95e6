import type { Manifest, ManifestView } from '../manifest/manifest.ts';
import { count } from './numbers.ts';

/** What a staged root holds. */
export function countedView({ files, view }: Manifest): string {
  const brought = files.filter(({ origin, link }) => origin !== undefined && link === undefined);
  const roots = [...new Set(brought.flatMap(({ origin }) => origin?.root ?? []))];
  return `${count(brought.length, 'file')} (${view?.staged === 'closure' ? 'what is named and its closure' : 'the whole root'}), from ${roots.join(', ')}`;
}

/** Lines about the view of a wrapped tree, each with its label. */
export function viewRows(
  { form, because, mounts, needs }: ManifestView,
  units: readonly string[],
): [string, string][] {
  const shown = mounts.filter(({ readOnly }) => readOnly).map(({ from }) => from);
  return [
    ...(units.length > 0 ? [['units', units.join(' ')] as [string, string]] : []),
    ['view', `${form}: ${because}`],
    ...(shown.length > 0 ? [['read-only', shown.join(' ')] as [string, string]] : []),
    ['needs', `on the host: ${needs.map(needText).join(', ')}`],
  ];
}

function needText({ program, of, floor, optional }: ManifestView['needs'][number]): string {
  const version = of === undefined ? '' : ` (${of} ${floor ?? ''}+)`;
  return `${program}${version}${optional ? ' (optional)' : ''}`;
}

const DROP_IN = '.d/10-flix.conf';

/** Units for which systemd itself makes the view. */
export function unitsOf({ files }: Manifest): string[] {
  const dropIns = files.filter(({ role, path }) => role === 'metadata' && path.endsWith(DROP_IN));
  return dropIns.map(({ path }) => path.slice(0, -DROP_IN.length));
}
