import { reads } from '../kernel.ts';
import type { FileSystemMaker, MakeRequest } from './file-system.ts';

export const squashfs: FileSystemMaker = {
  tool: 'mksquashfs',
  copies: false,
  arguments: request => [request.tree, request.output, '-noappend', '-no-xattrs', ...common(request)],
};

/**
 * From a tar archive on standard input, which may name extended attributes that no user could set. 4.5 can do it;
 * pseudo definitions of attributes came with 4.6, and sqfstar 4.5 takes no compression level.
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
