import { FlixError } from '../errors.ts';
import { compareVersions } from '../io/version.ts';

/** The oldest kernel of a distribution that ships systemd-sysext and still gets updates. */
export const DEFAULT_KERNEL = '5.15';

/** Since when Linux reads what (Documentation/filesystems/erofs.rst and the merges of fs/erofs, fs/squashfs). */
export const kernelReads = {
  erofs: '5.4',
  erofsBigCluster: '5.13',
  erofsTailPacking: '5.17',
  erofsFragments: '6.1',
  erofsZstd: '6.10',
  squashfsZstd: '4.14',
} as const;

/** `6.1` of `6.1.0-18-amd64`. Throws `FlixError` `bad-kernel`. */
export function parseKernel(text: string): string {
  const version = /^(\d+\.\d+)(?:[.\-_+~].*)?$/.exec(text)?.[1];
  if (version !== undefined) return version;
  throw new FlixError(
    'input',
    'bad-kernel',
    `--kernel ${text} is no version of Linux`,
    'give what uname -r prints on the oldest host: 6.1',
  );
}

export function reads(kernel: string, feature: keyof typeof kernelReads): boolean {
  return compareVersions(kernel, kernelReads[feature]) >= 0;
}
