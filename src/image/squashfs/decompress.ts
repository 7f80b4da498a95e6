import fs from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory, writePrivate } from '../../io/private-directory.ts';
import { BLOCK_SIZE, type Block } from './blocks.ts';
import { CARRIED, carrierOf } from './carrier.ts';
import { Metadata } from './metadata.ts';
import type { Superblock } from './superblock.ts';
import { unsquash } from './unsquash.ts';

/** Tables of metadata by unsquashfs, which knows every compressor that the image may have been made with. Throws `FlixError`. */
export async function decompress(
  superblock: Superblock,
  tables: readonly (readonly Block[])[],
): Promise<Metadata[]> {
  const content = await inPrivateDirectory(async directory => {
    const [carrier, unpacked] = [path.join(directory, 'carrier'), path.join(directory, 'unpacked')];
    await writePrivate(carrier, carrierOf(tables.flat(), superblock));
    await unsquash(carrier, unpacked);
    return fs.readFileSync(path.join(unpacked, CARRIED));
  });
  let start = 0;
  return tables.map(blocks => {
    const end = start + blocks.length * BLOCK_SIZE;
    const table = new Metadata(content.subarray(start, end), blocks);
    start = end;
    return table;
  });
}
