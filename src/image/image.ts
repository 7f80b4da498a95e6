import fs from 'node:fs';
import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import { fileReader } from '../view/file-reader.ts';
import { declaredSize, type FileSystemType, fileSystemOf } from './file-system.ts';
import { type Gpt, type GptPartition, readGpt } from './gpt.ts';
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
}

/**
 * Opens an image while `use` reads it: a discoverable disk image or a bare file system, as its content shows. Throws `FlixError`: `no-image`, `bad-partition-table`.
 */
export async function withImage<T>(path: string, use: (image: Image) => T | Promise<T>): Promise<T> {
  const realPath = realFile(path);
  const file = fileReader(realPath, path);
  try {
    return await use({ path, realPath, reader: file, gpt: readGpt(file) });
  } finally {
    file.close();
  }
}

/** Returns the file systems in an image, the root first. Throws `FlixError`: `not-an-image`, `no-file-system`, `truncated-image`. */
export function volumesOf({ path, gpt, reader }: Image): readonly Volume[] {
  const volumes = gpt ? partitionVolumes(path, gpt, reader) : [bareVolume(path, reader)];
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

/** Returns the partition with a given role that belongs to a data partition: its hash tree or the signature of its root hash. */
export function companion(gpt: Gpt, data: GptPartition, role: PartitionRole): GptPartition | undefined {
  const type = partitionType(data.type);
  return gpt.partitions.find(partition => {
    const other = partitionType(partition.type);
    const alike = other?.designator === type?.designator && other?.architecture === type?.architecture;
    return type !== undefined && alike && other?.role === role;
  });
}

function bareVolume(path: string, reader: Reader): Volume {
  const type = fileSystemOf(reader);
  if (type) return { type, offset: 0, size: reader.size, at: '/', partition: undefined };
  throw new FlixError(
    'input',
    'not-an-image',
    `${path} is not an image: it contains neither a GPT nor erofs, squashfs, ext4 or btrfs`,
    'Unpack an archive, or convert a qcow2 image to raw, first.',
  );
}

function partitionVolumes(path: string, { partitions }: Gpt, reader: Reader): Volume[] {
  const volumes = partitions.flatMap((partition): Volume[] => {
    const kind = partitionType(partition.type);
    if (kind?.role !== 'data') return [];
    const { offset, size } = partition;
    const type = fileSystemOf(partOf(reader, { offset, length: size }));
    return type ? [{ type, offset, size, at: kind.designator === 'root' ? '/' : '/usr', partition }] : [];
  });
  for (const at of ['/', '/usr'])
    if (volumes.filter(volume => volume.at === at).length > 1)
      throw new FlixError(
        'input',
        'no-file-system',
        `${path} has two partitions for ${at}, and flix cannot tell which one to use`,
      );
  if (volumes.length === 0)
    throw new FlixError(
      'input',
      'no-file-system',
      `${path} has no root or usr partition with erofs, squashfs, ext4 or btrfs in it`,
      'flix finds partitions by their type (UAPI.2, discoverable partitions) and cannot read encrypted ones.',
    );
  return volumes.sort((a, b) => (a.at < b.at ? -1 : 1));
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
