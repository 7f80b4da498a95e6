import { basename, parent } from '../../../view/path.ts';
import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { type ShownEntry, shownEntries } from '../../shown-entries.ts';

export interface AwkwardName extends FindingBase {
  readonly kind: 'layout/name';
}

/** PATH_MAX of Linux, its closing NUL among it. */
const MAX_PATH = 4096;
/** Directories that everybody knows are no deeper: /usr/lib/systemd. Below there are names in either case on purpose. */
const KNOWN_DEPTH = 3;

export const awkwardName: Check<AwkwardName> = {
  kind: 'layout/name',
  page: {
    title: 'A name that is not what it seems',
    means:
      'A directory differs from one of the host in upper and lower case only (/usr/Lib, /usr/lib/Systemd), a name ' +
      'holds a control character such as a newline, or a path is longer than the kernel takes.',
    matters:
      'Such a directory does not merge with that of the host: nothing looks into it. A control character breaks ' +
      'scripts and hides in listings; a path of more than 4095 bytes cannot be opened by its name.',
    fix: 'Rename it.',
  },
  *find({ merge }) {
    for (const entry of shownEntries(merge)) {
      const fault = faultOf(entry, merge);
      if (fault === undefined) continue;
      yield {
        kind: 'layout/name',
        severity: 'warning',
        extension: entry.extension.name,
        subject: entry.path,
        alsoIn: [],
        chain: [],
        culprit: entry.path,
        message: `${JSON.stringify(entry.path)} ${fault}`,
        fix: 'rename it',
      };
    }
  },
};

function faultOf({ path, kind }: ShownEntry, { host }: Merge): string | undefined {
  if (/\p{Cc}/u.test(basename(path))) return 'holds a control character';
  if (Buffer.byteLength(path) >= MAX_PATH) return `is longer than ${MAX_PATH - 1} bytes`;
  if (kind !== 'directory' || path.split('/').length - 1 > KNOWN_DEPTH) return undefined;
  const siblings = host?.view.list(parent(path));
  const name = basename(path);
  if (!siblings || siblings.has(name)) return undefined;
  const twin = [...siblings].find(
    ([other, its]) => its === 'directory' && other.toLowerCase() === name.toLowerCase(),
  );
  return twin && `differs from the host’s ${twin[0]} in upper and lower case only`;
}
