import { compareDottedVersions } from '../../io/tools.ts';
import type { Compression } from '../format.ts';
import { reads } from '../kernel.ts';
import type { FileSystemMaker, MakeRequest } from './file-system.ts';

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

/** The fastest and smallest settings by measurements on btop and ffmpeg (docs/images.md). lz4hc 12 takes four times as long as 9 and saves 0.4 %. */
function compression(compress: Compression, kernel: string, version: string | undefined): string[] {
  if (compress === 'none') return [];
  const cluster = reads(kernel, 'erofsBigCluster') ? ['-C65536'] : [];
  if (compress === 'fast') return ['-zlz4', ...cluster];
  const extended = extensions(kernel, version);
  const options = extended.length > 0 ? [`-E${extended.join(',')}`] : [];
  // mkfs.erofs supports zstd from 1.8 on
  if (reads(kernel, 'erofsZstd') && atLeast(version, '1.8')) return ['-zzstd,12', '-C131072', ...options];
  return ['-zlz4hc,9', ...cluster, ...options];
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
