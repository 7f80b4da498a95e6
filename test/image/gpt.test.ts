import { describe, expect, it } from 'vitest';
import { bytesReader } from '../../src/elf/reader.ts';
import { crc32, readGpt } from '../../src/image/gpt.ts';
import { Faults } from '../../src/image/fault.ts';
import { checkGpt } from '../../src/image/gpt-check.ts';
import { partitionTypeName } from '../../src/image/partition-types.ts';
import { randoms } from '../verify/tree.ts';

const ROOT = 'e3bc684fcde8b14d96e7fbcaf984b709'; // 4f68bce3-e8cd-4db1-…, as it is stored

interface TableOptions {
  readonly sectors?: number;
  readonly sectorSize?: number;
  readonly count?: number;
  readonly entrySize?: number;
  readonly entriesAt?: bigint;
  /** First and last sector of each. */
  readonly partitions?: readonly (readonly [bigint, bigint])[];
}

/** A disk with a primary table only, its checksums right whatever it says. */
function disk(options: TableOptions): Buffer {
  const { sectors = 400, sectorSize = 512, count = 128, entrySize = 128, entriesAt = 2n } = options;
  const bytes = Buffer.alloc(sectors * sectorSize);
  for (const [i, [first, last]] of (options.partitions ?? []).entries()) {
    const at = 2 * sectorSize + i * 128;
    bytes.write(ROOT, at, 'hex');
    bytes.writeBigUInt64LE(first, at + 32);
    bytes.writeBigUInt64LE(last, at + 40);
  }
  const header = bytes.subarray(sectorSize, sectorSize + 92);
  header.write('EFI PART', 'latin1');
  header.writeUInt32LE(0x10000, 8);
  header.writeUInt32LE(92, 12);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(BigInt(sectors - 1), 32);
  header.writeBigUInt64LE(entriesAt, 72);
  header.writeUInt32LE(count, 80);
  header.writeUInt32LE(entrySize, 84);
  const at = Number(entriesAt) * sectorSize;
  header.writeUInt32LE(crc32(bytes.subarray(at, at + count * entrySize)), 88);
  header.writeUInt32LE(crc32(header), 16);
  return bytes;
}

describe('readGpt', () => {
  it('computes the checksum of the standard', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });

  it.each([512, 4096])('reads partitions of a disk with sectors of %i bytes', sectorSize => {
    const gpt = readGpt(bytesReader(disk({ sectorSize, partitions: [[40n, 47n]] })))!;
    const [partition, ...others] = gpt.partitions;
    expect(others).toEqual([]);
    expect(partition).toMatchObject({ number: 1, offset: 40 * sectorSize, size: 8 * sectorSize });
    expect(partitionTypeName(partition!.type)).toBe('root-x86-64');
  });

  it('returns undefined where there is no table', () => {
    expect(readGpt(bytesReader(Buffer.alloc(100_000)))).toBeUndefined();
    expect(readGpt(bytesReader(Buffer.from('EFI PART')))).toBeUndefined();
  });

  it.each<[string, TableOptions]>([
    ['a partition that ends behind the image', { partitions: [[40n, 400n]] }],
    ['a partition that ends before it begins', { partitions: [[40n, 39n]] }],
    ['a partition at the end of numbers', { partitions: [[2n ** 63n, 2n ** 63n + 9n]] }],
    ['two partitions that overlap', { partitions: [[40n, 60n], [60n, 70n]] }], // prettier-ignore
    ['four thousand million entries', { count: 0xffffffff }],
    ['entries of four gigabytes', { entrySize: 0xffffffff, count: 1 }],
    ['entries of no size', { entrySize: 0 }],
    ['entries behind the end', { entriesAt: 2n ** 60n }],
  ])('refuses %s', (_, options) => {
    expect(() => readGpt(bytesReader(disk(options)))).toThrow(
      expect.objectContaining({ name: 'FlixError', code: 'bad-partition-table' }),
    );
  });

  it('returns a result or refuses, whatever the bytes', () => {
    const random = randoms(3);
    for (let round = 0; round < 400; round++) {
      const bytes = disk({ partitions: [[40n, 47n]] });
      for (let i = 0; i < 1 + random(12); i++) bytes[512 + random(700)] = random(256);
      // right checksums, so that what stands there is believed
      const header = bytes.subarray(512, 604);
      header.writeUInt32LE(0, 16);
      header.writeUInt32LE(crc32(header), 16);
      try {
        const gpt = readGpt(bytesReader(bytes));
        if (gpt) checkGpt(bytesReader(bytes), gpt, new Faults());
      } catch (error) {
        expect(error).toMatchObject({ name: 'FlixError' });
      }
    }
  });
});
