import { someOf } from '../printable.ts';
import { FlixError } from '../errors.ts';
import { filesByArchitecture } from '../systemd/architecture.ts';
import type { View } from '../view/view.ts';

/** How many files of each architecture a message lists. */
const LISTED = 5;

/**
 * The architecture of the programs and libraries of a tree, as systemd spells it; `undefined`: the tree has none.
 * Refuses a mix of architectures unless the user names one of them.
 *
 * @param requested the architecture that the user names
 * Throws `FlixError`: `mixed-architectures`, `wrong-architecture`.
 */
export function treeArchitecture(tree: View, requested: string | undefined): string | undefined {
  const found = filesByArchitecture(tree);
  if (requested !== undefined) {
    if (found.size === 0 || found.has(requested)) return requested;
    throw new FlixError(
      'input',
      'wrong-architecture',
      `${tree.label} contains no file for ${requested}:\n${list(found)}`,
      'Correct --arch, or leave it out.',
    );
  }
  if (found.size <= 1) return [...found.keys()][0];
  throw new FlixError(
    'input',
    'mixed-architectures',
    `${tree.label} contains files for several architectures, but an image declares only one:\n${list(found)}`,
    'Pack each architecture separately, or name the architecture of the host with --arch.',
  );
}

function list(found: ReadonlyMap<string, readonly string[]>): string {
  return [...found].map(([architecture, files]) => `${architecture}: ${someOf(files, LISTED)}`).join('\n');
}
