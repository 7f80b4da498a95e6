import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesReader } from '../../src/elf/reader.ts';
import { type Fault, Faults } from '../../src/image/fault.ts';
import { type Gpt, readGpt } from '../../src/image/gpt.ts';
import { checkDisk } from '../../src/verify/disk.ts';
import { checkSum } from '../../src/verify/verify.ts';
import { makeDdi, makeKey } from '../image/ddi.ts';
import { has } from '../lab/requires.ts';
import { demoTree, randoms } from './tree.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What a single changed byte is told by, and whether a place that was named holds it. */
function judged(
  bytes: Buffer,
  sum: string | undefined,
): { readonly faults: readonly Fault[]; at(offset: number): boolean } {
  const faults = new Faults();
  const reader = bytesReader(bytes);
  const { uncovered } = checkDisk(reader, readGpt(reader)!, [], faults);
  if (sum !== undefined) checkSum(sha256(bytes), { file: 'SHA256SUMS', expected: sum }, uncovered, faults);
  return {
    faults: faults.list,
    at: offset => faults.list.some(({ at }) => at && offset >= at.offset && offset < at.offset + at.length),
  };
}

describe.runIf(has('tool:mkfs.erofs', 'tool:veritysetup', 'tool:sfdisk', 'tool:openssl'))(
  'one changed byte',
  () => {
    let directory = '';
    let image: Buffer;
    let sum = '';
    let gpt: Gpt;

    beforeAll(() => {
      directory = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-test-'));
      const output = path.join(directory, 'demo.raw');
      makeDdi({
        tree: demoTree(path.join(directory, 'tree')),
        output,
        ...makeKey(path.join(directory, 'key')),
      });
      image = fs.readFileSync(output);
      sum = sha256(image);
      gpt = readGpt(bytesReader(image))!;
    });
    afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

    /** Offsets whose change was not found, or whose place was not named. */
    function missed(offsets: Iterable<number>, flip: () => number, withSum = true): number[] {
      const changed = Buffer.from(image);
      const result: number[] = [];
      for (const offset of offsets) {
        changed[offset]! ^= flip();
        if (!judged(changed, withSum ? sum : undefined).at(offset)) result.push(offset);
        changed[offset] = image[offset]!;
      }
      return result;
    }

    it('is none: nothing is said of the image as it was made', () => {
      expect(judged(image, sum).faults).toEqual([]);
    });

    it('is found and its place named, a thousand times', () => {
      const random = randoms(7);
      const offsets = Array.from({ length: 1000 }, () => random(image.length));
      expect(missed(offsets, () => 1 + random(255))).toEqual([]);
    });

    it('is found all over MBR, tables, superblock of the hash tree and signature', () => {
      const [, hash, signature] = gpt.partitions;
      const text = image.indexOf(0, signature!.offset) - signature!.offset;
      const stretches = [
        [0, 34 * 512],
        [image.length - 33 * 512, 33 * 512],
        [hash!.offset, 4096],
        [signature!.offset, text + 16],
      ] as const;
      const every = (step: number) =>
        stretches.flatMap(([offset, length]) =>
          Array.from({ length: Math.ceil(length / step) }, (_, i) => offset + i * step),
        );
      expect(missed(every(29), () => 0x01)).toEqual([]);
      // one bit, the case of a letter: what hexadecimal digits and base64 tell apart last
      expect(missed(every(31), () => 0x20)).toEqual([]);
    });

    it('is found without SHA256SUMS too, but for the UUID of the hash tree', () => {
      const [, hash, signature] = gpt.partitions;
      const random = randoms(11);
      const offsets = Array.from({ length: 300 }, () => random(image.length));
      const uuid = Array.from({ length: 16 }, (_, i) => hash!.offset + 16 + i);
      const text = Array.from({ length: 400 }, (_, i) => signature!.offset + i * 5);
      expect(missed([...offsets, ...uuid, ...text], () => 0x02, false)).toEqual(uuid);
    });

    it('is found in each byte of the superblock of the hash tree', () => {
      const { offset } = gpt.partitions[1]!;
      const offsets = Array.from({ length: 130 }, (_, i) => offset + i);
      for (const bit of [0x01, 0x10]) expect(missed(offsets, () => bit)).toEqual([]);
    });

    it('is told apart: the data, or the tree that speaks of them', () => {
      const [data, hash] = gpt.partitions;
      const codes = (offset: number) => {
        const changed = Buffer.from(image);
        changed[offset]! ^= 1;
        return judged(changed, undefined).faults.map(({ code, at }) => [code, at!.length]);
      };
      expect(codes(data!.offset + 12_345)).toEqual([['verity-data', 4096]]);
      expect(codes(hash!.offset + 4096 + 40)).toEqual([['verity-tree', 32]]);
    });
  },
);
