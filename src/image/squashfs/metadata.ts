import { BLOCK_SIZE, type Block, damaged } from './blocks.ts';

/**
 * A decompressed metadata table. References point into it: their upper bits give the block, as its offset in the stored
 * table, their lower sixteen bits the offset within the decompressed block. All blocks except the last are assumed to be
 * full. For extended attributes unsquashfs verifies this when it lists the image (squashfs-tools read_xattrs.c); for inodes
 * a violation would give other paths than unsquashfs lists.
 */
export class Metadata {
  readonly #content: Buffer;
  readonly #blocks: ReadonlyMap<number, number>;

  /** @param content `BLOCK_SIZE` bytes per block */
  constructor(content: Buffer, blocks: readonly Block[]) {
    this.#content = content;
    this.#blocks = new Map(blocks.map(({ offset }, i) => [offset - blocks[0]!.offset, i * BLOCK_SIZE]));
  }

  get length(): number {
    return this.#content.length;
  }

  /** Returns the offset that a reference points to, in bytes. Throws `FlixError` `bad-file-system`. */
  find(reference: number): number {
    return this.place(Math.floor(reference / 0x10000), reference % 0x10000);
  }

  place(block: number, offset: number): number {
    const start = this.#blocks.get(block);
    if (start === undefined) throw damaged('a reference does not point to the start of a metadata block');
    return start + offset;
  }

  bytes(place: number, length: number): Buffer {
    if (place + length > this.#content.length) throw damaged('its metadata is too short');
    return this.#content.subarray(place, place + length);
  }
}
