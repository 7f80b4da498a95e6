import { compareVersions } from '../io/version.ts';

export const formats = ['erofs', 'squashfs'] as const;
export type Format = (typeof formats)[number];

/** `fast` for trying things out, `small` for what is published. */
export const compressions = ['none', 'fast', 'small'] as const;
export type Compression = (typeof compressions)[number];

export interface MakeRequest {
  /** Absolute, as `output`, so that neither is taken for an option. */
  readonly tree: string;
  readonly output: string;
  readonly compress: Compression;
  /** Seconds, for every file and for the file system itself. */
  readonly epoch: number;
  readonly uuid: string;
  /** The tool's; `undefined` if it does not say. */
  readonly version: string | undefined;
}

export interface Maker {
  readonly tool: string;
  readonly arguments: (request: MakeRequest) => string[];
}

/**
 * How each file system is made so that the bytes depend on the tree alone: no times, owners or UUID of their own, and no
 * extended attributes: SELinux labels are those of the machine that builds, and a capability hands out rights in silence.
 * What is made can be read by Linux 5.15. That leaves out erofs ztailpacking (5.17; -5 %), fragments and dedupe
 * (6.1) and zstd (6.10). lz4hc 12 takes four times as long as 9 and gains 0.4 %.
 */
export const makers: { readonly [F in Format]: Maker } = {
  erofs: {
    tool: 'mkfs.erofs',
    arguments: ({ tree, output, compress, epoch, uuid, version }) => [
      '--quiet',
      '--all-root',
      '-x-1',
      `-T${epoch}`,
      `-U${uuid}`,
      // since 1.7 the default is the page size of the machine that builds
      ...(version !== undefined && compareVersions(version, '1.7') >= 0 ? ['-b4096'] : []),
      ...{ none: [], fast: ['-zlz4', '-C65536'], small: ['-zlz4hc,9', '-C65536'] }[compress],
      output,
      tree,
    ],
  },
  squashfs: {
    tool: 'mksquashfs',
    arguments: ({ tree, output, compress, epoch }) => [
      tree,
      output,
      '-noappend',
      '-no-progress',
      '-quiet',
      '-all-root',
      '-no-xattrs',
      '-root-mode',
      '755',
      '-mkfs-time',
      `${epoch}`,
      '-all-time',
      `${epoch}`,
      '-comp',
      'zstd',
      ...{
        none: ['-noI', '-noId', '-noD', '-noF', '-noX'],
        fast: ['-Xcompression-level', '3'],
        small: ['-Xcompression-level', '15'],
      }[compress],
    ],
  },
};
