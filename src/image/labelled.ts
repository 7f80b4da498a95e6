import type { Reader } from '../elf/reader.ts';
import type { Image, Volume } from './image.ts';
import { partOf } from './part.ts';

/** Every SELinux label of a file has the role of objects: `system_u:object_r:bin_t:s0`. */
const ROLE = Buffer.from(':object_r:');
const CHUNK = 1024 * 1024;
/** Of the superblock of squashfs: where its table of extended attributes is; all ones: it has none. */
const SQUASHFS_XATTR_TABLE = 56;

/**
 * Whether files of a volume bear SELinux labels. Extended attributes are stored as they are, but in squashfs, which
 * compresses them: there any at all are taken for labels. A file that speaks of labels makes it true as well.
 */
export function hasLabels({ reader }: Image, { type, offset, size }: Volume): boolean {
  const volume = partOf(reader, { offset, length: size });
  if (type !== 'squashfs') return contains(volume, ROLE);
  return Buffer.from(volume.read(SQUASHFS_XATTR_TABLE, 8)).some(byte => byte !== 0xff);
}

function contains(reader: Reader, text: Buffer): boolean {
  for (let at = 0; at < reader.size; at += CHUNK) {
    const length = Math.min(CHUNK + text.length, reader.size - at);
    if (Buffer.from(reader.read(at, length)).includes(text)) return true;
  }
  return false;
}
