import type { Reader } from '../elf/reader.ts';
import { LABEL } from '../view/attributes.ts';
import type { Entry } from './entry.ts';
import type { Image, Volume } from './image.ts';
import { partOf } from './part.ts';

/** Every SELinux label of a file has the role of objects: `system_u:object_r:bin_t:s0`. */
const ROLE = Buffer.from(':object_r:');
const CHUNK = 1024 * 1024;
/**
 * Whether files of a volume bear SELinux labels. Extended attributes are stored as they are, so that a file that speaks
 * of labels makes it true as well; but in squashfs, which compresses them, and whose entries tell.
 *
 * @param entries of the image
 */
export function hasLabels(
  { reader }: Image,
  { type, offset, size }: Volume,
  entries: readonly Entry[],
): boolean {
  if (type === 'squashfs') return entries.some(({ attributes }) => attributes?.has(LABEL));
  return contains(partOf(reader, { offset, length: size }), ROLE);
}

function contains(reader: Reader, text: Buffer): boolean {
  for (let at = 0; at < reader.size; at += CHUNK) {
    const length = Math.min(CHUNK + text.length, reader.size - at);
    if (Buffer.from(reader.read(at, length)).includes(text)) return true;
  }
  return false;
}
