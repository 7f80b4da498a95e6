import { compareDottedVersions } from '../../io/tools.ts';
import type { Compression } from '../format.ts';
import { reads } from '../kernel.ts';
import type { FileSystemMaker, MakeRequest } from './file-system.ts';

const KiB = 1024;

export interface ErofsRequest extends MakeRequest {
  /** A `file_contexts` file for SELinux labels. The tree must then have no unwanted extended attributes. */
  readonly fileContexts?: string;
  /** Copies the extended attributes of the tree. */
  readonly attributes?: boolean;
}

export const erofs: FileSystemMaker<ErofsRequest> = {
  copies: false,
  arguments: ({ tree, output, compress, kernel, epoch, uuid, version, fileContexts, attributes = false }) => [
    '--quiet',
    '--all-root',
    // -x-1 turns off labels too
    ...(fileContexts === undefined && !attributes ? ['-x-1'] : []),
    ...(fileContexts === undefined ? [] : [`--file-contexts=${fileContexts}`]),
    `-T${epoch}`,
    `-U${uuid}`,
    // since 1.7 the default is the page size of the build machine
    ...(atLeast(version, '1.7') ? ['-b4096'] : []),
    ...compression(compress, kernel, version),
    output,
    tree,
  ],
};

/**
 * The fastest and smallest settings by measurements on btop and ffmpeg (docs/images.md). Clusters of 1 MiB are read as fast
 * as smaller ones. lz4hc 12 takes four times as long as 9 and saves 0.4 %.
 */
function compression(compress: Compression, kernel: string, version: string | undefined): string[] {
  if (compress === 'none') return [];
  const cluster = (bytes: number) => (reads(kernel, 'erofsBigCluster') ? [`-C${bytes}`] : []);
  if (compress === 'fast') return ['-zlz4', ...cluster(64 * KiB)];
  const extended = extensions(kernel, version);
  const options = (names: readonly string[]) => (names.length > 0 ? [`-E${names.join(',')}`] : []);
  // mkfs.erofs supports all of these from 1.8 on. Deduplication saves nothing beside LZMA.
  if (atLeast(version, '1.8')) {
    if (reads(kernel, 'erofsLzma'))
      return ['-zlzma,9', ...cluster(1024 * KiB), ...options(extended.filter(name => name !== 'dedupe'))];
    // larger clusters take minutes per megabyte with zstd
    if (reads(kernel, 'erofsZstd')) return ['-zzstd,12', ...cluster(128 * KiB), ...options(extended)];
  }
  return ['-zlz4hc,9', ...cluster(1024 * KiB), ...options(extended)];
}

function extensions(kernel: string, version: string | undefined): string[] {
  return [
    ...(reads(kernel, 'erofsTailPacking') ? ['ztailpacking'] : []),
    // 1.5 accepts the option and ignores it; 1.6 and 1.7 pack with a single thread
    ...(reads(kernel, 'erofsFragments') && atLeast(version, '1.8') ? ['fragments', 'dedupe'] : []),
  ];
}

function atLeast(version: string | undefined, floor: string): boolean {
  return version !== undefined && compareDottedVersions(version, floor) >= 0;
}
