/** A system tool that flix runs. It is always found through `PATH`. */
export interface Tool {
  readonly name: string;
  /** What it does for flix. */
  readonly purpose: string;
  /** The commands that cannot do their default work without it; empty if it is optional. */
  readonly requiredBy: readonly string[];
  /** Arguments that print the version. `answer` is applied to both output streams, whatever the exit status. */
  readonly ask: readonly string[];
  readonly answer: RegExp;
  /** The oldest version that was tested and works. */
  readonly floor?: string;
  readonly knownBugs?: readonly KnownBug[];
  /** Packages that contain it; `undefined` if the distribution has none. */
  readonly packages: { readonly [D in Distribution]: string | undefined };
}

export type Distribution = 'debian' | 'fedora' | 'alpine';

/** A bug of some versions. */
export interface KnownBug {
  readonly versions: readonly string[];
  readonly effect: string;
}

const anywhere = (name: string) => ({ debian: name, fedora: name, alpine: name });
const erofs = {
  answer: /\w+\.erofs (?:\(erofs-utils\) )?(\d[\d.]*)/,
  ask: ['-V'],
  packages: anywhere('erofs-utils'),
};
const squashfs = { answer: /version (\d[\d.]*)/, ask: ['-version'], packages: anywhere('squashfs-tools') };
const utilLinux = { answer: /util-linux (\d[\d.]*)/, ask: ['--version'] };

/** Every tool, in the order of `flix doctor`. */
export const tools: readonly Tool[] = [
  {
    name: 'patchelf',
    purpose: 'sets run paths, and an interpreter that is longer than the old one',
    requiredBy: [],
    ask: ['--version'],
    answer: /patchelf (\d[\d.]*)/,
    floor: '0.14',
    knownBugs: [
      {
        versions: ['0.14.3'],
        effect:
          'setting a longer interpreter breaks PT_GNU_PROPERTY; several edits in one call lose some of them',
      },
      { versions: ['0.18.0'], effect: 'segments come out misaligned, which glibc before 2.35 refuses' },
      {
        versions: ['0.18.0', '0.19.0'],
        effect: 'a run path in a program that is not position-independent (ET_EXEC) may make it crash',
      },
    ],
    packages: anywhere('patchelf'),
  },
  {
    name: 'mkfs.erofs',
    purpose: 'makes erofs images, which the default format, DDI, contains',
    requiredBy: ['pack'],
    floor: '1.5',
    ...erofs,
  },
  { name: 'dump.erofs', purpose: 'reads erofs images without a mount', requiredBy: [], ...erofs },
  {
    name: 'fsck.erofs',
    purpose: 'checks and extracts erofs images without a mount',
    requiredBy: [],
    ...erofs,
  },
  {
    name: 'mksquashfs',
    purpose: 'makes squashfs images (--format squashfs)',
    requiredBy: [],
    floor: '4.5', // reproducible, with -all-time and -root-mode
    ...squashfs,
  },
  { name: 'unsquashfs', purpose: 'reads squashfs images without a mount', requiredBy: [], ...squashfs },
  {
    name: 'mkfs.ext4',
    purpose: 'makes ext4 images',
    requiredBy: [],
    ask: ['-V'],
    answer: /mke2fs (\d[\d.]*)/,
    knownBugs: [{ versions: ['1.47.0'], effect: 'two runs over one tree give different bytes' }],
    packages: anywhere('e2fsprogs'),
  },
  {
    name: 'mkfs.btrfs',
    purpose: 'makes btrfs images, which are not reproducible',
    requiredBy: [],
    ask: ['--version'],
    answer: /v(\d[\d.]*)/,
    packages: anywhere('btrfs-progs'),
  },
  {
    name: 'debugfs',
    purpose: 'reads ext4 images without a mount',
    requiredBy: [],
    ask: ['-V'],
    answer: /debugfs (\d[\d.]*)/,
    packages: { debian: 'e2fsprogs', fedora: 'e2fsprogs', alpine: 'e2fsprogs-extra' },
  },
  {
    name: 'e2fsck',
    purpose: 'checks ext4 images before they are read',
    requiredBy: [],
    ask: ['-V'],
    answer: /e2fsck (\d[\d.]*)/,
    packages: anywhere('e2fsprogs'),
  },
  {
    name: 'btrfs',
    purpose: 'reads and checks btrfs images without a mount',
    requiredBy: [],
    ask: ['--version'],
    answer: /v(\d[\d.]*)/,
    packages: anywhere('btrfs-progs'),
  },
  {
    name: 'systemd-repart',
    purpose: 'makes DDIs with verity and signature (Debian: in systemd; from 13 on, a package of its own)',
    requiredBy: [],
    ask: ['--version'],
    answer: /systemd (\d[\d.]*)/,
    floor: '254', // --make-ddi
    packages: { debian: undefined, fedora: 'systemd-repart', alpine: undefined },
  },
  {
    name: 'veritysetup',
    purpose: 'makes hash trees where systemd-repart cannot',
    requiredBy: [],
    ask: ['--version'],
    answer: /veritysetup (\d[\d.]*)/,
    packages: { debian: 'cryptsetup-bin', fedora: 'veritysetup', alpine: 'cryptsetup' },
  },
  {
    name: 'sfdisk',
    purpose: 'makes DDIs where systemd-repart cannot',
    requiredBy: [],
    ...utilLinux,
    packages: { debian: 'fdisk', fedora: 'util-linux', alpine: 'sfdisk' },
  },
  {
    name: 'openssl',
    purpose: 'signs images where systemd-repart does not',
    requiredBy: [],
    ask: ['version'],
    answer: /OpenSSL (\d[\d.]*)/,
    packages: anywhere('openssl'),
  },
  {
    name: 'setfattr',
    purpose: 'lets a host accept an image under any file name (--any-name)',
    requiredBy: [],
    ask: ['--version'],
    answer: /setfattr (\d[\d.]*)/,
    packages: anywhere('attr'),
  },
  {
    name: 'getfattr',
    purpose:
      'tells the audit of a directory which files have capabilities and whether the release file applies under any name',
    requiredBy: [],
    ask: ['--version'],
    answer: /getfattr (\d[\d.]*)/,
    packages: anywhere('attr'),
  },
  {
    name: 'gpg',
    purpose: 'signs the SHA256SUMS of feeds (--gpg-key)',
    requiredBy: [],
    ask: ['--version'],
    answer: /gpg \(GnuPG\) (\d[\d.]*)/,
    packages: { debian: 'gpg', fedora: 'gnupg2', alpine: 'gnupg' },
  },
  {
    name: 'chroot',
    purpose: 'runs the sealed loader in the finished tree, which is how vendor proves it',
    requiredBy: [],
    ask: ['--version'],
    answer: /coreutils\) (\d[\d.]*)/,
    packages: anywhere('coreutils'),
  },
  {
    name: 'unshare',
    purpose:
      'isolates the sealed loader in namespaces of its own; users other than root cannot run it without',
    requiredBy: [],
    ...utilLinux,
    packages: { debian: 'util-linux', fedora: 'util-linux-core', alpine: 'util-linux-misc' },
  },
  {
    name: 'setpriv',
    purpose: 'takes all privileges from the sealed loader before it runs',
    requiredBy: [],
    ...utilLinux,
    packages: { debian: 'util-linux', fedora: 'util-linux', alpine: 'setpriv' },
  },
  {
    name: 'bwrap',
    purpose: 'isolates the command of try',
    requiredBy: [],
    ask: ['--version'],
    answer: /bubblewrap (\d[\d.]*)/,
    packages: anywhere('bubblewrap'),
  },
  {
    name: 'qemu-system-x86_64',
    purpose: 'boots the virtual machine of try --vm',
    requiredBy: [],
    ask: ['--version'],
    answer: /version (\d[\d.]*)/,
    packages: { debian: 'qemu-system-x86', fedora: 'qemu-system-x86-core', alpine: 'qemu-system-x86_64' },
  },
  {
    name: 'depmod',
    purpose: 'indexes the kernel modules of that virtual machine',
    requiredBy: [],
    ask: ['--version'],
    answer: /kmod version (\d[\d.]*)/,
    packages: anywhere('kmod'),
  },
  {
    name: 'strace',
    purpose: 'shows which files the command of try opens, and which it does not find',
    requiredBy: [],
    ask: ['--version'],
    answer: /version (\d[\d.]*)/,
    packages: anywhere('strace'),
  },
  {
    name: 'rpm',
    purpose: 'reads the package database of roots of Fedora, openSUSE and their kin',
    requiredBy: [],
    ask: ['--version'],
    answer: /RPM version (\d[\d.]*)/,
    floor: '4.16', // the first to read and write SQLite
    packages: anywhere('rpm'),
  },
  {
    name: 'apt-get',
    purpose: 'selects and downloads the packages of stage debian: and ubuntu:',
    requiredBy: [],
    ask: ['--version'],
    answer: /apt (\d[\d.]*)/,
    floor: '2.2', // ?essential, Error-Mode
    packages: { debian: 'apt', fedora: 'apt', alpine: undefined },
  },
  {
    name: 'zstd',
    purpose: 'decompresses archives, layers of images and packages of Ubuntu (stage)',
    requiredBy: [],
    ask: ['--version'],
    answer: /v(\d[\d.]*)/,
    packages: anywhere('zstd'),
  },
  {
    name: 'xz',
    purpose: 'decompresses archives and packages of Debian (stage)',
    requiredBy: [],
    ask: ['--version'],
    answer: /Utils\) (\d[\d.]*)/,
    packages: { debian: 'xz-utils', fedora: 'xz', alpine: 'xz' },
  },
  {
    name: 'flock',
    purpose: 'prevents two runs from writing the same place',
    requiredBy: [],
    ...utilLinux,
    packages: { debian: 'util-linux', fedora: 'util-linux-core', alpine: 'flock' },
  },
  ...['x86_64', 'aarch64'].map(architecture => ({
    name: `qemu-${architecture}-static`,
    purpose: `runs the proof of ${architecture} trees on another architecture`,
    requiredBy: [],
    ask: ['--version'],
    answer: /version (\d[\d.]*)/,
    packages: {
      debian: 'qemu-user-static',
      fedora: `qemu-user-static-${architecture === 'x86_64' ? 'x86' : architecture}`,
      alpine: undefined, // its qemu-x86_64 package brings the program without the suffix
    },
  })),
];

export function toolNamed(name: string): Tool | undefined {
  return tools.find(tool => tool.name === name);
}

/** `Debian, Ubuntu: apt-get install patchelf; Fedora: …`: one line for a fix. */
export function installFix({ packages }: Pick<Tool, 'packages'>): string {
  const ways = [
    packages.debian && `Debian, Ubuntu: apt-get install ${packages.debian}`,
    packages.fedora && `Fedora: dnf install ${packages.fedora}`,
    packages.alpine && `Alpine: apk add ${packages.alpine}`,
  ];
  return ways.filter(Boolean).join('; ');
}

/** Compares dotted version numbers by number: `1.10` is newer than `1.9`. Negative if `a` is older. */
export function compareDottedVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
