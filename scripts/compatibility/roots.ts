import { createHash } from 'node:crypto';
import { labRoot, rootOf } from '../../test/lab/roots.ts';
import type { Release, Row } from './row.ts';

/** Packages that the root of a single row would have beside its own: apt, the shell of the work, and what most hosts have. */
export const basicPackages = [
  'apt',
  'busybox-static',
  'fonts-dejavu-core',
  'ca-certificates',
  'locales',
  'passwd',
];

/** Packages of each root beside those of the rows: also the display of graphical programs. The variant contains apt. */
const TOOLS = [...basicPackages.filter(name => name !== 'apt'), 'xvfb', 'xdotool'];

/** Returns the root from which the programs of a release are vendored. It contains the packages of all rows. */
export async function stagingRoot(release: Release, rows: readonly Row[]): Promise<string> {
  const packages = [...new Set([...TOOLS, ...rows.flatMap(({ install }) => install)])].sort();
  const commands = rows.flatMap(({ prepare }) => prepare ?? []);
  const version = createHash('sha256')
    .update([...packages, ...commands].join('\n'))
    .digest('hex')
    .slice(0, 8);
  const set = { suite: release, variant: 'minbase', packages, commands, version } as const;
  return await rootOf(`compatibility-${release}`, set);
}

/** Returns the root of a minimal host of the other release. */
export async function otherHost(release: Release): Promise<string> {
  return await labRoot(release === 'bookworm' ? 'host-trixie' : 'host-bookworm');
}
