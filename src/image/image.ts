import fs from 'node:fs';
import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import { fileReader } from '../view/file-reader.ts';
import { declaredSize, type FileSystemType, fileSystemOf } from './file-system.ts';
import { type Gpt, type GptPartition, partitionName, readGpt } from './gpt.ts';
import { mbrPartitions } from './mbr.ts';
import { type Dissection, dissect } from './dissect.ts';
import { partOf } from './range.ts';
import { type PartitionRole, partitionType } from './partition-types.ts';

/** A file system in an image. */
export interface Volume {
  readonly type: FileSystemType;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
  /** Where systemd mounts it within the extension. */
  readonly at: '/' | '/usr';
  /** `undefined` if the image is a bare file system. */
  readonly partition: GptPartition | undefined;
}

export interface Image {
  /** As the user gave it. */
  readonly path: string;
  /** Absolute, without links. */
  readonly realPath: string;
  readonly reader: Reader;
  readonly gpt: Gpt | undefined;
  /** `undefined` if the image has no GPT. */
  readonly dissection: Dissection | undefined;
}

/**
 * Opens an image while `use` reads it: a discoverable disk image or a bare file system, as its content shows. Throws `FlixError`: `no-image`, `bad-partition-table`.
 *
 * @param architecture that of the host, as systemd spells it; it decides which partitions count. Default: this machine's.
 */
export async function withImage<T>(
  path: string,
  use: (image: Image) => T | Promise<T>,
  architecture = nativeArchitecture(),
): Promise<T> {
  const realPath = realFile(path);
  const file = fileReader(realPath, path);
  try {
    const gpt = readGpt(file);
    const dissection = gpt && dissect(gpt.partitions, architecture);
    return await use({ path, realPath, reader: file, gpt, dissection });
  } finally {
    file.close();
  }
}

/** Returns the file systems in an image, the root first. Throws `FlixError`: `not-an-image`, `no-file-system`, `truncated-image`. */
export function volumesOf({ path, dissection, reader }: Image): readonly Volume[] {
  const volumes = dissection ? partitionVolumes(path, dissection, reader) : [bareVolume(path, reader)];
  for (const { type, offset, size } of volumes) {
    const declared = declaredSize(partOf(reader, { offset, length: size }), type);
    if (declared > size)
      throw new FlixError(
        'input',
        'truncated-image',
        `${path} is damaged or truncated: its ${type} should have ${declared} bytes, but there are only ${size}`,
      );
  }
  return volumes;
}

/**
 * Returns the partition with a given role that belongs to another one: the hash tree of a data partition, or the
 * signature of its root hash. An image may have several versions of each, in the same order.
 */
export function companion(gpt: Gpt, partition: GptPartition, role: PartitionRole): GptPartition | undefined {
  const type = partitionType(partition.type);
  if (!type) return undefined;
  const versions = (wanted: PartitionRole) =>
    gpt.partitions.filter(other => {
      const is = partitionType(other.type);
      return (
        is?.designator === type.designator && is.architecture === type.architecture && is.role === wanted
      );
    });
  return versions(role)[versions(type.role).indexOf(partition)];
}

function bareVolume(path: string, reader: Reader): Volume {
  const type = fileSystemOf(reader);
  if (type) return { type, offset: 0, size: reader.size, at: '/', partition: undefined };
  const [only, ...others] = mbrPartitions(reader);
  const inside = only && others.length === 0 ? fileSystemOf(partOf(reader, only)) : undefined;
  if (only && inside)
    return { type: inside, offset: only.offset, size: only.length, at: '/', partition: undefined };
  throw new FlixError(
    'input',
    'not-an-image',
    `${path} is not an image: it contains neither a GPT nor erofs, squashfs, ext4 or btrfs`,
    'Unpack an archive, or convert a qcow2 image to raw, first.',
  );
}

function partitionVolumes(path: string, { mounted }: Dissection, reader: Reader): Volume[] {
  if (mounted.size === 0)
    throw new FlixError(
      'input',
      'no-file-system',
      `${path} has no root or usr partition`,
      'systemd finds partitions by their type (UAPI.2, discoverable partitions).',
    );
  return [...mounted].map(([at, partition]) => {
    const { offset, size } = partition;
    const type = fileSystemOf(partOf(reader, { offset, length: size }));
    if (type) return { type, offset, size, at, partition };
    throw new FlixError(
      'input',
      'no-file-system',
      `${path}: ${partitionName(partition)}, which systemd would mount on ${at}, contains no erofs, squashfs, ext4 or btrfs`,
      'flix cannot read other file systems, nor encrypted ones.',
    );
  });
}

/** Returns this machine's architecture, as systemd spells it. */
function nativeArchitecture(): string {
  const names: Readonly<Record<string, string>> = {
    x64: 'x86-64',
    ia32: 'x86',
    ppc64: 'ppc64-le',
    loong64: 'loongarch64',
  };
  return names[process.arch] ?? process.arch;
}

function realFile(path: string): string {
  let real: string;
  try {
    real = fs.realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FlixError('input', 'no-image', `cannot open the image ${path} (${code})`);
  }
  if (fs.statSync(real).isFile()) return real;
  throw new FlixError('input', 'no-image', `${path} is not a regular file, so it is not an image`);
}
