import type { ElfHeader } from '../elf/facts.ts';

/** A tag or a value of a dynamic entry as it stands in the file: a word of the file's class and byte order. */
export function wordBytes(value: number, header: ElfHeader): Uint8Array {
  const bytes = new Uint8Array(header.class / 8);
  const view = new DataView(bytes.buffer);
  const little = header.endian === 'little';
  if (header.class === 64) view.setBigUint64(0, BigInt(value), little);
  else view.setUint32(0, value, little);
  return bytes;
}
