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

/** Finds the faults of an image, and tells whether one of them names the place of a changed byte. */
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
  'checkDisk and checkSum, for an image with one changed byte',
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

    /** The offsets whose change was not found or not located. */
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

    it('report nothing about the unchanged image', () => {
      expect(judged(image, sum).faults).toEqual([]);
    });

    it('find the change and its place, a thousand times', () => {
      const random = randoms(7);
      const offsets = Array.from({ length: 1000 }, () => random(image.length));
      expect(missed(offsets, () => 1 + random(255))).toEqual([]);
    });

    it('find every change of the MBR, the tables, the superblock of the hash tree and the signature', () => {
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
      // flip the bit that is the case of a letter, the smallest change in hexadecimal digits and base64
      expect(missed(every(31), () => 0x20)).toEqual([]);
    });

    it('find a byte of the signature that became zero, which ends its text', () => {
      const { offset } = gpt.partitions[2]!;
      const text = image.subarray(offset, image.indexOf(0, offset));
      const found = Array.from(text, (byte, index) => missed([offset + index], () => byte));
      expect(found.flat()).toEqual([]);
    });

    it('find changes without SHA256SUMS too, except in the UUID of the hash tree', () => {
      const [, hash, signature] = gpt.partitions;
      const random = randoms(11);
      const offsets = Array.from({ length: 300 }, () => random(image.length));
      const uuid = Array.from({ length: 16 }, (_, i) => hash!.offset + 16 + i);
      const text = Array.from({ length: 400 }, (_, i) => signature!.offset + i * 5);
      expect(missed([...offsets, ...uuid, ...text], () => 0x02, false)).toEqual(uuid);
    });

    it('find a change of each byte of the superblock of the hash tree', () => {
      const { offset } = gpt.partitions[1]!;
      const offsets = Array.from({ length: 130 }, (_, i) => offset + i);
      for (const bit of [0x01, 0x10]) expect(missed(offsets, () => bit)).toEqual([]);
    });

    it('distinguish changed data from a changed hash tree', () => {
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
