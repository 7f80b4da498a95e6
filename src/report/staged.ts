import { printable, someOf } from '../printable.ts';
import type { StagedRoot } from '../stage/staged.ts';
import { directoryView } from '../view/directory.ts';
import { readOsRelease, rootLabel } from '../view/os-release.ts';
import { count, size as bytes } from './numbers.ts';
import type { Style } from './style.ts';

/** Summarises a staged root: what it is, what it contains, and what an installation would have done in addition. */
export function stagedText(place: string, staged: StagedRoot, style: Style): string {
  const { record, leftOut, layers, size, scripts } = staged;
  const release = readOsRelease(directoryView(place));
  const rows: [string, string][] = [
    ['release', releaseText(release)],
    ['source', `${record.source}, ${record.digest}`],
  ];
  if (record.packages) {
    const architectures = [...new Set(record.packages.map(({ architecture }) => architecture))];
    const named = architectures.filter(name => name !== 'all').join(', ');
    rows.push(['packages', `${record.packages.length}${named && ` (${named})`}`]);
  } else if (layers > 1) rows.push(['layers', `${layers}`]);
  rows.push(['size', bytes(size)]);
  if (scripts) {
    rows.push(['not run', count(scripts.packages.length, 'package') + ' with maintainer scripts']);
    if (scripts.made.length > 0) rows.push(['made', scripts.made.join(', ')]);
    for (const { program, packages } of scripts.missing)
      rows.push(['missing', `what ${program} does for ${listed(packages)}`]);
  }
  const { setId, capabilities, special } = leftOut;
  if (setId.length > 0) rows.push(['cleared', `the setuid or setgid bits of ${listed(setId)}`]);
  if (capabilities.length > 0) rows.push(['cleared', `the file capabilities of ${listed(capabilities)}`]);
  if (special.length > 0) rows.push(['left out', `the devices and FIFOs ${listed(special)}`]);
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, text]) => `  ${style.faint(label.padEnd(width))}  ${printable(text)}`);
  return `${[style.strong(printable(place)), ...lines].join('\n')}\n`;
}

/** Describes a release by PRETTY_NAME=, else by its identifiers; os-release(5) requires none of these fields. */
function releaseText(release: ReadonlyMap<string, string> | undefined): string {
  if (!release) return 'none: the root has no os-release';
  return release.get('PRETTY_NAME') ?? rootLabel(release) ?? 'unnamed: the os-release has no ID=';
}

const MAX_LISTED = 6;

function listed(names: readonly string[]): string {
  return someOf(names, MAX_LISTED);
}

/** Returns the result as one document, for scripts. */
export function stagedDocument(place: string, { record, leftOut, layers, size, scripts }: StagedRoot) {
  const release = readOsRelease(directoryView(place));
  return {
    schema: 'flix.staged/1',
    root: place,
    source: record.source,
    digest: record.digest,
    release: release ? Object.fromEntries(release) : null,
    layers,
    size,
    packages: record.packages ?? null,
    scripts: scripts ?? null,
    leftOut,
  };
}
