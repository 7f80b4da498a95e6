import { FlixError } from '../errors.ts';
import { compareDottedVersions } from '../io/tools.ts';

/** The oldest kernel of a distribution that ships systemd-sysext and is still supported. */
export const DEFAULT_KERNEL = '5.15';

/**
 * The first version of Linux that reads a format (Documentation/filesystems/erofs.rst and the merges of fs/erofs, fs/squashfs).
 * LZMA was merged into 5.16, but is an option of the build that is off by default before 7.0: Debian’s 6.1 lacks it, Debian’s
 * 6.12 has it.
 */
export const kernelReads = {
  erofs: '5.4',
  erofsBigCluster: '5.13',
  erofsTailPacking: '5.17',
  erofsFragments: '6.1',
  erofsZstd: '6.10',
  erofsLzma: '6.12',
  squashfsZstd: '4.14',
} as const;

/** Reads `6.1` from `6.1.0-18-amd64`. Throws `FlixError` `bad-kernel`. */
export function parseKernel(text: string): string {
  const version = /^(\d+\.\d+)(?:[.\-_+~].*)?$/.exec(text)?.[1];
  if (version !== undefined) return version;
  throw new FlixError(
    'input',
    'bad-kernel',
    `--kernel ${text} is not a version of Linux`,
    'Give what “uname -r” prints on the oldest host, such as 6.1.',
  );
}

/** Whether a version of Linux reads a format. */
export function reads(kernel: string, feature: keyof typeof kernelReads): boolean {
  return compareDottedVersions(kernel, kernelReads[feature]) >= 0;
}
