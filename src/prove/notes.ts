import { PT_GNU_PROPERTY, PT_NOTE } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { readNotes } from '../elf/notes.ts';
import type { View } from '../view/view.ts';

/** A file of a view that parses. */
export interface Parsed {
  readonly view: View;
  readonly path: string;
  readonly facts: ElfFacts;
}

const SEGMENTS = { PT_NOTE, PT_GNU_PROPERTY } as const;

/**
 * Which note segment holds other notes than before, whatever their order; `undefined`: none. patchelf 0.14 leaves
 * PT_GNU_PROPERTY pointing at bytes that it overwrote, and the kernel of arm64 refuses such a program
 * (arch/arm64/kernel/process.c, arch_parse_elf_property).
 */
export function changedNotes(before: Parsed, after: Parsed): keyof typeof SEGMENTS | undefined {
  const names = Object.keys(SEGMENTS) as (keyof typeof SEGMENTS)[];
  return names.find(name => notesOf(before, SEGMENTS[name]) !== notesOf(after, SEGMENTS[name]));
}

function notesOf({ view, path, facts }: Parsed, type: typeof PT_NOTE | typeof PT_GNU_PROPERTY): string {
  const file = view.open(path);
  try {
    return readNotes(file, facts.header, facts.segments, type)
      .map(note => `${note.name} ${note.type} ${Buffer.from(note.desc).toString('hex')}`)
      .sort()
      .join();
  } finally {
    file.close();
  }
}
