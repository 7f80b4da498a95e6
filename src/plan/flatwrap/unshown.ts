import { asBuffer } from '../../elf/bytes.ts';
import { follow } from '../../view/follow.ts';
import { readBytes } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import type { Remark } from '../../manifest/manifest.ts';
import type { StagedRoot } from './staged-root.ts';

/** Where programs keep what they read: compiled in, in lists with colons too. */
const KEPT = ['/usr/share/', '/usr/lib/', '/usr/libexec/', '/lib/'];
const PATH = /^[\w.+/-]+/;
/** More is a table of paths, and of no use to anyone. */
const MAX_NAMED = 12;

/** Without translations a program speaks English. */
const TRANSLATIONS = '/usr/share/locale';

/**
 * Files and directories of the root that programs and libraries name and that a trimmed root does not show: the view
 * hides the host's as well, but for what is bound. What of it is really read no one can tell, so nothing is brought for it.
 */
export function unshownRemarks(
  view: View,
  staged: StagedRoot,
  isProvided: (path: string) => boolean,
): Remark[] {
  const known = new Set([TRANSLATIONS]);
  return staged.placed.flatMap(({ path, target }) => {
    const real = namedPaths(view, path).flatMap(named => follow(view, named).path ?? []);
    const lost = [...new Set(real)].filter(
      named => !known.has(named) && !staged.holds(named) && !isProvided(named),
    );
    if (lost.length === 0 || lost.length > MAX_NAMED) return [];
    for (const named of lost) known.add(named);
    const message = `names ${lost.join(', ')}, which the view does not show: --include brings the root’s, --bind-ro shows the host’s`;
    return [{ code: 'names-unshown', file: target, message }];
  });
}

function namedPaths(view: View, path: string): string[] {
  const content = readBytes(view, path);
  if (!content) return [];
  const bytes = asBuffer(content);
  const found = new Set<string>();
  for (const start of KEPT)
    for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
      const before = bytes[at - 1] ?? 0;
      // the end of a longer path is none
      if (before !== 0 && before !== 0x3a) continue;
      const text = PATH.exec(bytes.toString('latin1', at, at + 256))?.[0].replace(/\/+$/, '');
      if (text !== undefined && text.length >= start.length) found.add(text);
    }
  return [...found].sort();
}
