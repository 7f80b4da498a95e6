import type { Compression } from '../format.ts';
import { reads } from '../kernel.ts';
import type { FileSystemMaker, MakeRequest } from './file-system.ts';

export const squashfs: FileSystemMaker = {
  copies: false,
  arguments: request => [request.tree, request.output, '-noappend', '-no-xattrs', ...common(request)],
};

/**
 * Arguments that read the tree as a tar archive from standard input. The archive can contain extended attributes that
 * an unprivileged user could not set on files. mksquashfs supports this from 4.5 on; pseudo definitions of attributes
 * need 4.6, and sqfstar 4.5 accepts no compression level.
 */
export function fromArchive(request: MakeRequest): string[] {
  return ['-', request.output, '-tar', '-noappend', ...common(request)];
}

function common({ compress, kernel, epoch }: MakeRequest): string[] {
  return [
    '-no-progress',
    '-quiet',
    '-all-root',
    '-root-mode',
    '755',
    '-mkfs-time',
    `${epoch}`,
    '-all-time',
    `${epoch}`,
    ...compression(compress, reads(kernel, 'squashfsZstd')),
  ];
}

/**
 * The smallest and the fastest settings by measurements on btop, tilde and ffmpeg (docs/images.md). Every kernel that
 * flix supports reads xz and blocks of 1 MiB; xz is slower to read than zstd.
 */
function compression(compress: Compression, zstd: boolean): string[] {
  switch (compress) {
    case 'small':
      return ['-comp', 'xz', '-b', '1M'];
    case 'fast':
      return [
        '-comp',
        ...(zstd ? ['zstd', '-Xcompression-level', '3'] : ['gzip', '-Xcompression-level', '1']),
      ];
    case 'none':
      return ['-comp', zstd ? 'zstd' : 'gzip', '-noI', '-noId', '-noD', '-noF', '-noX'];
  }
}
