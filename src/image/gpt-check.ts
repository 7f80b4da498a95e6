import type { Reader } from '../elf/reader.ts';
import type { Fault, Faults } from './fault.ts';
import { notZero, type Range } from './range.ts';
import { type Gpt, type GptCopy, HEADER, headerChecksum } from './gpt.ts';

/** Checks everything in a disk image that is not a partition: the MBR, both tables, and the gaps, which have to be zero. */
export function checkGpt(reader: Reader, gpt: Gpt, faults: Faults): void {
  checkProtectiveMbr(reader, gpt, faults);
  const { primary, backup } = gpt;
  for (const [copy, other, which] of [
    [primary, backup, 'primary'],
    [backup, primary, 'backup'],
  ] as const) {
    if (copy) for (const fault of copyFaults(copy, other, gpt.sectorSize)) faults.add(fault);
    else faults.add(absent(which, gpt, reader.size));
  }
  for (const gap of gaps(gpt, reader.size)) {
    const wrong = notZero(reader, gap);
    if (wrong)
      faults.add({
        code: 'not-zero',
        part: 'space between partitions',
        message: 'contains data where all bytes must be zero',
        at: wrong,
      });
  }
}

function absent(which: GptCopy['which'], { sectorSize, primary }: Gpt, size: number): Fault {
  const last = Math.floor(size / sectorSize) * sectorSize - sectorSize;
  const offset = which === 'primary' ? sectorSize : (primary?.otherOffset ?? last);
  const message = `there is no ${which} partition table: the image is truncated or its header is damaged`;
  return { code: 'gpt-header', part: 'GPT', message, at: { offset, length: HEADER } };
}

function* copyFaults(copy: GptCopy, other: GptCopy | undefined, sectorSize: number): Iterable<Fault> {
  const { which, headerIntact, entriesIntact } = copy;
  const part = `GPT (${which})`;
  if (!headerIntact) {
    const expected = other?.headerIntact ? mirrored(other, sectorSize) : undefined;
    const at = shifted(firstDifference(copy.header, expected) ?? { offset: 0, length: HEADER }, copy.offset);
    yield { code: 'gpt-header', part, message: 'the header does not match its checksum', at };
  } else if (!entriesIntact) {
    const expected = other?.entriesIntact ? other.entries : undefined;
    const difference = firstDifference(copy.entries, expected) ?? { offset: 0, length: copy.entries.length };
    const at = shifted(difference, copy.entriesOffset);
    yield { code: 'gpt-entries', part, message: 'the entries do not match their checksum', at };
  } else if (which === 'backup' && other?.headerIntact && !copy.header.equals(mirrored(other, sectorSize)))
    yield {
      code: 'gpt-copies',
      part: 'GPT',
      message: 'the two partition tables differ, although each has a correct checksum',
      at: { offset: copy.offset, length: HEADER },
    };
}

/** Returns the header that the other copy must have: each names its own sector first, and its own entries. */
function mirrored({ which, header, otherOffset }: GptCopy, sectorSize: number): Buffer {
  const copy = Buffer.from(header);
  header.copy(copy, 24, 32, 40);
  header.copy(copy, 32, 24, 32);
  const entriesSize = header.readUInt32LE(80) * header.readUInt32LE(84);
  const sectors = Math.ceil(entriesSize / sectorSize);
  // the primary's entries follow its header, those of the backup precede it
  const entries = which === 'primary' ? otherOffset / sectorSize - sectors : 2;
  copy.writeBigUInt64LE(BigInt(Math.max(0, Math.trunc(entries))), 72);
  copy.writeUInt32LE(headerChecksum(copy), 16);
  return copy;
}

function firstDifference(found: Buffer, expected: Buffer | undefined): Range | undefined {
  if (!expected || found.length !== expected.length) return undefined;
  const offset = found.findIndex((byte, i) => byte !== expected[i]);
  if (offset < 0) return undefined;
  const last = found.reduce((latest, byte, i) => (byte === expected[i] ? latest : i), offset);
  return { offset, length: last - offset + 1 };
}

function shifted({ offset, length }: Range, by: number): Range {
  return { offset: offset + by, length };
}

const MBR_ENTRY = 446;
/** Head, sector and cylinder of the first and last sector. They are unused, and tools write different values. */
const CHS = [0, 2, 0, 0xee] as const;

/** UEFI 2.10, 5.2.3: one partition of type EE over the whole disk; no boot code, no signature. */
function checkProtectiveMbr(reader: Reader, { sectorSize }: Gpt, faults: Faults): void {
  if (reader.size < sectorSize) return;
  const found = Buffer.from(reader.read(0, sectorSize));
  const expected = Buffer.alloc(sectorSize);
  expected.set(CHS, MBR_ENTRY + 1);
  expected.fill(0xff, MBR_ENTRY + 5, MBR_ENTRY + 8);
  expected.writeUInt32LE(1, MBR_ENTRY + 8);
  expected.writeUInt32LE(Math.min(Math.floor(reader.size / sectorSize) - 1, 0xffffffff), MBR_ENTRY + 12);
  expected.set([0x55, 0xaa], 510);
  const at = firstDifference(found, expected);
  if (at)
    faults.add({
      code: 'protective-mbr',
      part: 'MBR',
      message: 'is not the protective MBR of a GPT disk',
      at,
    });
}

/** Returns the ranges that neither a table nor a partition covers. */
function gaps({ sectorSize, primary, backup, partitions }: Gpt, size: number): Range[] {
  const covered: Range[] = [{ offset: 0, length: sectorSize }, ...partitions.map(toRange)];
  for (const copy of [primary, backup])
    if (copy)
      covered.push(
        { offset: copy.offset, length: HEADER },
        { offset: copy.entriesOffset, length: copy.entries.length },
      );
  const found: Range[] = [];
  let at = 0;
  // a damaged header may point anywhere
  const inside = covered.filter(({ offset, length }) => offset >= 0 && offset + length <= size);
  for (const { offset, length } of inside.sort((a, b) => a.offset - b.offset)) {
    if (offset > at) found.push({ offset: at, length: offset - at });
    at = Math.max(at, offset + length);
  }
  if (size > at) found.push({ offset: at, length: size - at });
  return found;
}

function toRange({ offset, size }: { readonly offset: number; readonly size: number }): Range {
  return { offset, length: size };
}
