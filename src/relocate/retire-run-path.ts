import type { ElfFacts, ElfHeader } from '../elf/facts.ts';
import type { ByteEdit } from './edit.ts';

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
    before: tagBytes(tag, header),
    after: tagBytes(RETIRED_TAG, header),
    why: 'run path retired',
  }));
}

/** d_tag as it stands in the file: a word of the file's class and byte order. */
function tagBytes(tag: number, header: ElfHeader): Uint8Array {
  const bytes = new Uint8Array(header.class / 8);
  const view = new DataView(bytes.buffer);
  const little = header.endian === 'little';
  if (header.class === 64) view.setBigUint64(0, BigInt(tag), little);
  else view.setUint32(0, tag, little);
  return bytes;
}
