import { createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { temporaryBeside } from '../io/publish.ts';
import { copyTree } from './copy-tree.ts';
import { padToBlocks, partitionsOf } from './partitions.ts';
import type { ImageDescription } from './describe.ts';
import { writeFileSystem } from './file-system/from-tree.ts';
import { whereDiskFills } from './file-system/file-system.ts';
import type { PackOptions } from './options.ts';
import { derive } from './seed.ts';
import { signRootHash } from './signature.ts';
import { tarOf } from './tar.ts';
import type { Toolbox } from './toolbox.ts';
import { formatVerity } from './verity.ts';

/** A finished image that is not yet in its place. */
export interface MadeImage {
  /** A file or directory beside its place. */
  readonly temporary: string;
  /** Hexadecimal. */
  readonly rootHash: string | undefined;
  /** The file with the hash tree, if the image is not a DDI. */
  readonly hashes: string | undefined;
  /** PKCS#7 in DER, if the image is not a DDI. */
  readonly signature: Uint8Array | undefined;
}

/** Makes an image beside the place where it will be published. Throws `FlixError`. */
export async function makeImage(
  description: ImageDescription,
  options: PackOptions,
  tools: Toolbox,
  seed: string,
): Promise<MadeImage> {
  const { view, output, architecture, release } = description;
  const { format, signer, verity, epoch, anyName, labels } = options;
  const plain = { rootHash: undefined, hashes: undefined, signature: undefined };
  const scratch = () => temporaryBeside(output, 'file');
  if (format === 'directory') {
    const temporary = await temporaryBeside(output, 'directory');
    await copyTree(view, temporary, { epoch, release, anyName });
    return { ...plain, temporary };
  }
  const temporary = await scratch();
  if (format === 'tar') {
    const archive = tarOf(view, { epoch, release, anyName, label: labels });
    await pipeline(Readable.from(archive), createWriteStream(temporary));
    return { ...plain, temporary };
  }
  const data = tools.ddi ? await scratch() : temporary;
  await writeFileSystem(description, options, tools.fileSystem!, seed, data);
  if (tools.ddi) {
    const dataSize = await padToBlocks(data);
    const partitions = partitionsOf(architecture!, dataSize, signer !== undefined);
    const request = {
      data,
      dataSize,
      output: temporary,
      architecture: architecture!,
      seed,
      signer,
      scratch,
      scratchDirectory: () => temporaryBeside(output, 'directory'),
    };
    const rootHash = await whereDiskFills(output, () => tools.ddi!.make(request, partitions));
    await fs.rm(data);
    return { ...plain, temporary, rootHash };
  }
  if (!verity && !signer) return { ...plain, temporary };
  await padToBlocks(data);
  const hashes = await scratch();
  const rootHash = await whereDiskFills(output, () => formatVerity(data, hashes, derive(seed)));
  return { temporary, rootHash, hashes, signature: signer && (await signRootHash(rootHash, signer)) };
}
