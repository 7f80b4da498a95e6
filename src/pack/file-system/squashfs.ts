import { reads } from '../kernel.ts';
import type { FileSystemMaker, MakeRequest } from './file-system.ts';

export const squashfs: FileSystemMaker = {
  tool: 'mksquashfs',
  copies: false,
  arguments: request => [request.tree, request.output, '-noappend', '-no-xattrs', ...common(request)],
};

/** sqfstar(1) reads a tar archive on standard input, which may name extended attributes that no user could set. */
export function sqfstarArguments(request: MakeRequest): string[] {
  return [...common(request), request.output];
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
