import { asBuffer } from '../../elf/bytes.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { follow } from '../../view/follow.ts';
import { readBytes } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import type { StagedRoot } from './staged-root.ts';

/** The directories of programs' data, as their paths are compiled in, alone or in lists with colons. */
const KEPT = ['/usr/share/', '/usr/lib/', '/usr/libexec/', '/lib/'];
const PATH = /^[\w.+/-]+/;
/** A file with more paths contains a table of them, which helps nobody. */
const MAX_NAMED = 12;

/** Programs work without translations. */
const TRANSLATIONS = '/usr/share/locale';

/**
 * Reports files and directories that programs and libraries name and that a trimmed root lacks; the view hides the
 * host's, too, unless they are bound. Which of them are really read is unknown, so none is staged.
 */
export function unshownRemarks(
  view: View,
  staged: StagedRoot,
  isProvided: (path: string) => boolean,
): Remark[] {
  const known = new Set([TRANSLATIONS]);
  return staged.placed.flatMap(({ path, target }) => {
    const real = namedPaths(view, path).flatMap(named => follow(view, named).path ?? []);
    const unshown = [...new Set(real)].filter(
      named => !known.has(named) && !staged.holds(named) && !isProvided(named),
    );
    if (unshown.length === 0 || unshown.length > MAX_NAMED) return [];
    for (const named of unshown) known.add(named);
    const message = `names ${unshown.join(', ')}, which the view does not show: copy it from the root with --include, or show the host’s with --bind-ro`;
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
      // the path may be the end of a longer one
      if (before !== 0 && before !== 0x3a) continue;
      const text = PATH.exec(bytes.toString('latin1', at, at + 256))?.[0].replace(/\/+$/, '');
      if (text !== undefined && text.length >= start.length) found.add(text);
    }
  return [...found].sort();
}
