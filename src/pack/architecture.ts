import { machineOf } from '../elf/machine.ts';
import { ET_DYN, ET_EXEC } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { readHeader } from '../elf/header.ts';
import { FlixError } from '../errors.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

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

function filesByArchitecture(tree: View): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const top of tree.list('/').keys())
    for (const { path, kind } of walk(tree, `/${top}`)) {
      const header = kind === 'file' ? headerAt(tree, path) : undefined;
      // most relocatable files are firmware and BPF programs
      if (!header || (header.type !== ET_EXEC && header.type !== ET_DYN)) continue;
      const architecture = machineOf(header)?.systemd;
      if (architecture === undefined) continue;
      found.set(architecture, [...(found.get(architecture) ?? []), path]);
    }
  return found;
}

/** `\x7fELF` */
const ELF_MAGIC = 0x7f454c46;

function headerAt(tree: View, path: string): ElfHeader | undefined {
  try {
    const file = tree.open(path);
    try {
      return file.magic === ELF_MAGIC ? readHeader(file) : undefined;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure) return undefined;
    throw error;
  }
}

function list(found: ReadonlyMap<string, readonly string[]>): string {
  return [...found]
    .map(([architecture, files]) => {
      const more = files.length > LISTED ? ` and ${files.length - LISTED} more` : '';
      return `${architecture}: ${files.slice(0, LISTED).join(', ')}${more}`;
    })
    .join('\n');
}
