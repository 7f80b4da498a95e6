import { isProgram } from '../elf/classify.ts';
import type { ElfFacts, ElfHeader } from '../elf/facts.ts';
import type { ByteEdit, Edit } from './edit.ts';
import { setInterpreter } from './interpreter.ts';
import { DF_1_NODEFLIB } from '../elf/constants.ts';

/**
 * Returns the edits of `--seal none`, which leaves the loader as it is: interpreter, DF_1_NODEFLIB and RUNPATH, as the
 * first-generation scripts set them. Returns none for a static program.
 */
export function firstGenerationEdits(
  facts: ElfFacts,
  { interpreter, libraryDirectory }: { readonly interpreter: string; readonly libraryDirectory: string },
): Edit[] {
  const edits: Edit[] = [];
  if (facts.interpreter !== undefined && isProgram(facts)) edits.push(setInterpreter(facts, interpreter));
  // a static PIE made by Go has an interpreter and a dynamic table, but loads nothing
  if (facts.dynamic && !(isProgram(facts) && facts.dynamic.needed.length === 0))
    edits.push({ kind: 'no-default-lib' }, { kind: 'run-path', value: libraryDirectory, force: 'runpath' });
  return edits;
}

/**
 * Clears DF_1_NODEFLIB (`ld -z nodefaultlib`, `patchelf --no-default-lib`). The only default directory of a sealed loader
 * is the private one, where a file with the flag would not find its libraries.
 */
export function reopenDefaultDirectories({ header, dynamic }: ElfFacts): ByteEdit[] {
  const { flags1 = 0, flags1Offset } = dynamic ?? {};
  if (flags1Offset === undefined || (flags1 & DF_1_NODEFLIB) === 0) return [];
  return [
    {
      kind: 'bytes',
      offset: flags1Offset,
      before: wordBytes(flags1, header),
      after: wordBytes(flags1 - DF_1_NODEFLIB, header),
      why: 'makes the loader search its default directory, which is private',
    },
  ];
}

/**
 * DT_HIOS. No system uses it, and loaders skip unknown tags (glibc elf/get-dynamic-info.h, musl ldso/dynlink.c,
 * decode_vec).
 */
const RETIRED_TAG = 0x6ffff000;

/**
 * Disables DT_RPATH and DT_RUNPATH by giving their entries a tag that no loader reads. Nothing moves and no string
 * changes, so this works where patchelf does not (ET_EXEC, Go, packed files), and it can be undone.
 */
export function retireRunPath({ header, dynamic }: ElfFacts): ByteEdit[] {
  return (dynamic?.runPathEntries ?? []).map(({ tag, offset }) => ({
    kind: 'bytes',
    offset,
    before: wordBytes(tag, header),
    after: wordBytes(RETIRED_TAG, header),
    why: 'disables the run path',
  }));
}

/** Encodes a tag or value of a dynamic entry as a word of the file's class and byte order. */
function wordBytes(value: number, header: ElfHeader): Uint8Array {
  const bytes = new Uint8Array(header.class / 8);
  const view = new DataView(bytes.buffer);
  const little = header.endian === 'little';
  if (header.class === 64) view.setBigUint64(0, BigInt(value), little);
  else view.setUint32(0, value, little);
  return bytes;
}
