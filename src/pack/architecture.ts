import { machineOf } from '../elf/machine.ts';
import { ET_DYN, ET_EXEC } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { readHeader } from '../elf/header.ts';
import { FlixError } from '../errors.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** Of each architecture so many files are named. */
const NAMED = 5;

/**
 * The one architecture of the programs and libraries of a tree, in systemd's spelling; `undefined`: it holds none.
 * Files of another one beside it are refused, unless the user says which is meant: then that one has to be among them.
 *
 * Throws `FlixError`: `mixed-architectures`, `wrong-architecture`.
 */
export function treeArchitecture(tree: View, meant: string | undefined): string | undefined {
  const found = filesByArchitecture(tree);
  if (meant !== undefined) {
    if (found.size === 0 || found.has(meant)) return meant;
    throw new FlixError(
      'input',
      'wrong-architecture',
      `${tree.label} holds no file for ${meant}:\n${list(found)}`,
      'correct --arch, or leave it out',
    );
  }
  if (found.size <= 1) return [...found.keys()][0];
  throw new FlixError(
    'input',
    'mixed-architectures',
    `${tree.label} holds files for more than one architecture, and an image declares one:\n${list(found)}`,
    'pack them apart, or say with --arch which one the host has',
  );
}

function filesByArchitecture(tree: View): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const top of tree.list('/').keys())
    for (const { path, kind } of walk(tree, `/${top}`)) {
      const header = kind === 'file' ? headerAt(tree, path) : undefined;
      // relocatable files are firmware and BPF programs more often than not
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
      const more = files.length > NAMED ? ` and ${files.length - NAMED} more` : '';
      return `${architecture}: ${files.slice(0, NAMED).join(', ')}${more}`;
    })
    .join('\n');
}
