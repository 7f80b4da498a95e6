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
  const zstd = reads(kernel, 'squashfsZstd');
  const level = compress === 'small' ? (zstd ? '15' : '9') : zstd ? '3' : '1';
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
    '-comp',
    zstd ? 'zstd' : 'gzip',
    ...(compress === 'none' ? ['-noI', '-noId', '-noD', '-noF', '-noX'] : ['-Xcompression-level', level]),
  ];
}
