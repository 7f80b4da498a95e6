import { asBuffer } from './bytes.ts';
import { PF_X, PT_LOAD } from './constants.ts';
import type { ElfFacts } from './facts.ts';
import type { Reader } from './reader.ts';

/** UPX_MAGIC_LE32 (upx src/conf.h). */
const MAGIC = 'UPX!';
/** The l_info after the program headers, and the PackHeader at the end, are in these many bytes (upx src/stub/src/include/linux.h). */
const HEAD = 512;
const TAIL = 64;

/**
 * Whether UPX has packed an executable. Its PT_INTERP and PT_DYNAMIC are inside then: a stub unpacks it and starts the
 * loader that the original names.
 */
export function isPacked(reader: Reader, { segments, dynamic, interpreter }: ElfFacts): boolean {
  if (dynamic !== undefined || interpreter !== undefined) return false;
  if (!segments.some(({ type, flags }) => type === PT_LOAD && (flags & PF_X) !== 0)) return false;
  const head = reader.read(0, Math.min(HEAD, reader.size));
  const tail = reader.read(Math.max(0, reader.size - TAIL), Math.min(TAIL, reader.size));
  return [head, tail].every(bytes => asBuffer(bytes).includes(MAGIC));
}
