import type { ElfFacts } from '../elf/facts.ts';
import type { ByteEdit } from './edit.ts';
import { wordBytes } from './word-bytes.ts';

/**
 * DT_HIOS: no system assigns it, and the loaders pass over tags that they do not know (glibc elf/get-dynamic-info.h,
 * musl ldso/dynlink.c, decode_vec).
 */
const RETIRED_TAG = 0x6ffff000;

/**
 * Takes DT_RPATH and DT_RUNPATH out of force by giving their entries a tag that nobody reads. Nothing moves and no
 * string is touched, so it is safe where patchelf is not (ET_EXEC, Go, packed files), and it can be undone.
 */
export function retireRunPath({ header, dynamic }: ElfFacts): ByteEdit[] {
  return (dynamic?.runPathEntries ?? []).map(({ tag, offset }) => ({
    kind: 'bytes',
    offset,
    before: wordBytes(tag, header),
    after: wordBytes(RETIRED_TAG, header),
    why: 'run path retired',
  }));
}
