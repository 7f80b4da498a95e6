import { basename, parent } from '../../../view/path.ts';
import { defineEntryCheck } from '../../check.ts';
import type { Merge } from '../../merge.ts';
import type { ShownEntry } from '../../shown-entries.ts';

/** Linux PATH_MAX, which includes the terminating NUL. */
const MAX_PATH = 4096;
/** Well-known directories are at most this deep (/usr/lib/systemd). Deeper names may differ in case on purpose. */
const KNOWN_DEPTH = 3;

export const awkwardName = defineEntryCheck(
  'layout/name',
  {
    title: 'A file name is misleading or unusable',
    means:
      'A directory differs from a directory of the host only in case (/usr/Lib, /usr/lib/Systemd), a name contains a ' +
      'control character such as a newline, or a path is longer than the kernel accepts.',
    matters:
      'A directory whose name differs in case does not merge with the host’s, so nothing looks into it. Control ' +
      'characters break scripts and hide names in listings. A path of more than 4095 bytes cannot be opened.',
    fix: 'Rename it.',
  },
  (entry, merge) => {
    const fault = faultOf(entry, merge);
    if (fault === undefined) return undefined;
    return { message: `${JSON.stringify(entry.path)} ${fault}`, fix: 'Rename it.' };
  },
);

function faultOf({ path, kind }: ShownEntry, { host }: Merge): string | undefined {
  if (/\p{Cc}/u.test(basename(path))) return 'contains a control character';
  if (Buffer.byteLength(path) >= MAX_PATH) return `is longer than ${MAX_PATH - 1} bytes`;
  if (kind !== 'directory' || path.split('/').length - 1 > KNOWN_DEPTH) return undefined;
  const siblings = host?.view.list(parent(path));
  const name = basename(path);
  if (!siblings || siblings.has(name)) return undefined;
  const twin = [...siblings].find(
    ([other, its]) => its === 'directory' && other.toLowerCase() === name.toLowerCase(),
  );
  return twin && `differs from the host’s ${twin[0]} only in case`;
}
