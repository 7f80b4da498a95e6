import fs from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory, writePrivate } from '../../io/private-directory.ts';
import { type Block, BLOCK_SIZE } from './blocks.ts';
import { CARRIED, carrierOf } from './carrier.ts';
import { Metadata } from './metadata.ts';
import type { SquashfsSuperblock } from './superblock.ts';
import { run } from '../../io/spawn.ts';
import { UNPACK_MS } from '../reader.ts';

/** Decompresses metadata tables with unsquashfs, which supports every compressor. Throws `FlixError`. */
export async function decompress(
  superblock: SquashfsSuperblock,
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

/** Unpacks a squashfs, without extended attributes, into a directory that may already exist. Throws `FlixError`. */
export async function unsquash(file: string, directory: string): Promise<void> {
  const options = ['-quiet', '-no-progress', '-no-xattrs', '-force', '-dest', directory];
  await run('unsquashfs', [...options, file], { timeoutMs: UNPACK_MS });
}
