import { BLOCK_SIZE, type Block, damaged } from './blocks.ts';

/**
 * A table of metadata, decompressed. What it holds is found by references: in the upper bits the block, by where it
 * begins in the table as it is stored, in the lower sixteen the bytes in it. All blocks but the last are taken to be
 * full: of extended attributes unsquashfs makes sure when it lists the image (squashfs-tools read_xattrs.c), and where
 * inodes were otherwise, other paths would come out than it lists.
 */
export class Metadata {
  readonly #content: Buffer;
  readonly #blocks: ReadonlyMap<number, number>;

  /** @param content `BLOCK_SIZE` bytes for each of the blocks */
  constructor(content: Buffer, blocks: readonly Block[]) {
    this.#content = content;
    this.#blocks = new Map(blocks.map(({ offset }, i) => [offset - blocks[0]!.offset, i * BLOCK_SIZE]));
  }

  get length(): number {
    return this.#content.length;
  }

  /** Where a reference leads, in bytes. Throws `FlixError` `bad-file-system`. */
  find(reference: number): number {
    return this.place(Math.floor(reference / 0x10000), reference % 0x10000);
  }

  place(block: number, offset: number): number {
    const start = this.#blocks.get(block);
    if (start === undefined) throw damaged('it names metadata where none begins');
    return start + offset;
  }

  bytes(place: number, length: number): Buffer {
    if (place + length > this.#content.length) throw damaged('its metadata is shorter than it says');
    return this.#content.subarray(place, place + length);
  }
}
