import type { Reader } from '../elf/reader.ts';
import type { Range } from './range.ts';

const SECTOR = 512;
const TABLE = 446;
const ENTRY = 16;
const LINUX = 0x83;
const BOOTABLE = 0x80;

/**
 * Returns the bootable Linux partitions of a disk with an MBR. systemd takes the only one for the root partition
 * (src/shared/dissect-image.c, dissect_image). Logical partitions are not read.
 */
export function mbrPartitions(reader: Reader): Range[] {
  if (reader.size < SECTOR) return [];
  const sector = Buffer.from(reader.read(0, SECTOR));
  if (sector.readUInt16LE(SECTOR - 2) !== 0xaa55) return [];
  return [0, 1, 2, 3].flatMap(i => {
    const entry = sector.subarray(TABLE + i * ENTRY, TABLE + (i + 1) * ENTRY);
    if (entry[0] !== BOOTABLE || entry[4] !== LINUX) return [];
    const range = { offset: entry.readUInt32LE(8) * SECTOR, length: entry.readUInt32LE(12) * SECTOR };
    return range.offset > 0 && range.length > 0 && range.offset + range.length <= reader.size ? [range] : [];
  });
}
