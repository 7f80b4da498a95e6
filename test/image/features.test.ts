import { describe, expect, it } from 'vitest';
import { bytesReader } from '../../src/elf/reader.ts';
import { isErofsIntact } from '../../src/image/features.ts';
import { writeErofs } from './erofs-writer.ts';

describe('isErofsIntact', () => {
  it('does not change the image, so that asking again gives the same answer', () => {
    const image = writeErofs([{ directory: [] }]);
    image.writeUInt32LE(1, 1024 + 8); // it has a checksum
    image.writeUInt32LE(0x12345678, 1024 + 4);
    const before = Buffer.from(image);
    expect(isErofsIntact(bytesReader(image))).toBe(false);
    expect(image.equals(before)).toBe(true);
  });
});
