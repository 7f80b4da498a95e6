import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa, execaSync } from 'execa';

/**
 * Roots of real packages. They are outside of the checkout, in `$XDG_CACHE_HOME/flix-lab`, because each has some hundred
 * megabytes. The first test that needs a root makes it, under a lock; later runs use it again.
 */

export interface RootSet {
  readonly suite: string;
  /** The variant of mmdebstrap. `extract` only unpacks: the root has no ld.so.cache and no package database. */
  readonly variant: 'minbase' | 'extract';
  readonly packages: readonly string[];
  /** Default: the machine's architecture. */
  readonly architectures?: readonly string[];
  /** Makes the links `/lib` and so on, which an extracted root does not have otherwise. */
  readonly mergedUsr?: boolean;
  /** Accepts an expired Release file, which the testing suite has on a mirror that lags behind. */
  readonly expired?: boolean;
  /** Shell commands that run in the finished root. */
  readonly commands?: readonly string[];
  /** Change it when the set changes, so that the cached root is made again. */
  readonly version: number | string;
}

const apps = [
  'btop',
  'nginx',
  'curl',
  'vim',
  'git',
  'python3',
  'mc',
  'less',
  'file',
  'xz-utils',
  'ca-certificates',
  'locales',
];
const clients = [
  'curl',
  'krb5-admin-server',
  'krb5-kdc',
  'krb5-user',
  'libsasl2-modules',
  'libsasl2-modules-gssapi-mit',
  'locales',
  'pamtester',
  'vim',
];
const host = ['systemd', 'systemd-sysv', 'util-linux', 'mount'];
const foreign = {
  variant: 'extract',
  packages: ['btop', 'mc', 'nginx', 'curl', 'python3', 'bash', 'coreutils', 'libc-bin'],
  version: 1,
} as const;
const libc = { variant: 'extract', packages: ['libc6'], version: 1 } as const;

export const rootSets = {
  'apps-bookworm': { suite: 'bookworm', variant: 'minbase', packages: [...apps, 'tilde'], version: 1 },
  'apps-trixie': { suite: 'trixie', variant: 'minbase', packages: apps, version: 1 },
  'media-bookworm': { suite: 'bookworm', variant: 'minbase', packages: ['ffmpeg'], version: 1 },
  /** Services that users reach over a socket. */
  'services-trixie': {
    suite: 'trixie',
    variant: 'minbase',
    packages: [
      'cockpit-ws',
      'cockpit-bridge',
      'cockpit-system',
      'iptables',
      'libvirt-daemon-system',
      'libvirt-clients',
    ],
    version: 1,
  },
  /** A host that resolves the accounts of units with `DynamicUser=`, as most do. */
  'nss-host-trixie': {
    suite: 'trixie',
    variant: 'minbase',
    packages: [...host, 'libnss-systemd'],
    version: 1,
  },
  'host-bookworm': { suite: 'bookworm', variant: 'minbase', packages: host, version: 1 },
  'host-trixie': { suite: 'trixie', variant: 'minbase', packages: host, version: 1 },
  'multiarch-bookworm': {
    suite: 'bookworm',
    variant: 'minbase',
    architectures: ['amd64', 'i386'],
    packages: ['btop', 'curl', 'python3', 'libcurl4:i386', 'libstdc++6:i386', 'zlib1g:i386', 'libc6-i386'],
    version: 1,
  },
  'arm64-trixie': { suite: 'trixie', architectures: ['arm64'], mergedUsr: true, ...foreign },
  's390x-bookworm': { suite: 'bookworm', architectures: ['s390x'], mergedUsr: true, ...foreign },
  /** Programs whose libraries load modules: NSS, gconv, PAM, SASL and Kerberos. */
  'clients-bullseye': { suite: 'bullseye', variant: 'minbase', packages: clients, version: 1 },
  'clients-bookworm': { suite: 'bookworm', variant: 'minbase', packages: clients, version: 1 },
  'clients-trixie': { suite: 'trixie', variant: 'minbase', packages: clients, version: 1 },
  /** The tools that make and read images, of a release newer than the machine's own. */
  'tools-trixie': {
    suite: 'trixie',
    variant: 'minbase',
    packages: [
      'systemd-repart',
      'systemd-container',
      'erofs-utils',
      'squashfs-tools',
      'e2fsprogs',
      'btrfs-progs',
      'cryptsetup-bin',
      'fdisk',
      'openssl',
      'attr',
    ],
    version: 1,
  },
  /** A host that updates itself, with systemd-sysupdate and gpg to verify signatures. */
  'update-trixie': {
    suite: 'trixie',
    variant: 'minbase',
    packages: ['systemd-container', 'gpg', 'gpgv'],
    version: 1,
  },
  /** A host with SELinux: the `file_contexts` of a real policy, and the tools that look up labels in it. */
  'selinux-bookworm': {
    suite: 'bookworm',
    variant: 'minbase',
    packages: ['selinux-policy-default', 'selinux-utils'],
    version: 1,
  },
  /** Programs that look up users, groups and hosts, and the modules that answer. */
  'nss-bookworm': {
    suite: 'bookworm',
    variant: 'minbase',
    packages: [
      'libnss-systemd',
      'libnss-resolve',
      'libnss-myhostname',
      'libnss-mymachines',
      'libnss-sss',
      'libnss-mdns',
      'netbase',
    ],
    version: 1,
  },
  /** Loaders of other releases and architectures. */
  'libc-bullseye': { suite: 'bullseye', ...libc },
  'libc-forky': { suite: 'forky', expired: true, ...libc },
  'libc-i386-bookworm': { suite: 'bookworm', architectures: ['i386'], ...libc },
  /** A loader of which the default directories are /lib64 and /usr/lib64, as on hosts without multiarch. */
  'libc-lib64-bookworm': {
    suite: 'bookworm',
    variant: 'extract',
    architectures: ['i386'],
    packages: ['libc6-amd64'],
    version: 1,
  },
  'libc-armhf-bookworm': { suite: 'bookworm', architectures: ['armhf'], ...libc },
  'libc-ppc64el-bookworm': { suite: 'bookworm', architectures: ['ppc64el'], ...libc },
  /** Scripts in Ruby, JavaScript and Lua with modules of other packages. */
  'scripts-bookworm': {
    suite: 'bookworm',
    variant: 'extract',
    packages: ['base-files', 'ronn', 'terser', 'prosody'],
    mergedUsr: true,
    version: 1,
  },
  /** The packer of executables. */
  'upx-trixie': { suite: 'trixie', variant: 'extract', packages: ['upx-ucl'], version: 1 },
  /** A root that is not usr-merged, like an old container: /lib and /usr/lib are two directories. */
  'split-bookworm': { suite: 'bookworm', ...foreign },
} satisfies Record<string, RootSet>;

export type RootName = keyof typeof rootSets;

export function isRootName(name: string): name is RootName {
  return Object.hasOwn(rootSets, name);
}

export const cacheDirectory = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'flix-lab',
);

/** Returns the directory of a root, and makes the root if necessary. Needs root, mmdebstrap and a package archive. */
export async function labRoot(name: RootName): Promise<string> {
  return await rootOf(name, rootSets[name]);
}

/** Returns the directory of a root of these packages, cached under this name, and makes the root if necessary. */
export async function rootOf(name: string, set: RootSet): Promise<string> {
  const place = path.join(cacheDirectory, `${name}.${set.version}`);
  if (!fs.existsSync(place)) await make(set, place);
  link(path.join(cacheDirectory, name), path.basename(place));
  return place;
}

/** The main archive that this machine's apt uses, or `undefined` if apt has no package lists. */
export function archive(): string | undefined {
  const asked = execaSync(
    'apt-get',
    ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Component: main'],
    { reject: false },
  );
  // the security and updates suites may differ between architectures
  return asked.stdout?.split('\n').find(uri => uri !== '' && !uri.includes('security'));
}

const MAKE = `
set -eu
place=$1; shift
[ ! -e "$place" ] || exit 0
rm -rf "$place.part"
mmdebstrap --quiet --mode=root "$@"
mv -T "$place.part" "$place"
`;

async function make(set: RootSet, place: string): Promise<void> {
  const mirror = archive();
  if (!mirror) throw new Error('apt has no package lists: run apt-get update');
  fs.mkdirSync(cacheDirectory, { recursive: true });
  const options = [`--variant=${set.variant}`, `--include=${set.packages.join(',')}`];
  if (set.architectures) options.push(`--architectures=${set.architectures.join(',')}`);
  for (const command of set.commands ?? []) options.push(`--customize-hook=chroot "$1" sh -ec '${command}'`);
  if (set.expired) options.push('--aptopt=Acquire::Check-Valid-Until "false"');
  if (set.mergedUsr) options.push('--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr');
  const arguments_ = [...options, set.suite, `${place}.part`, mirror];
  // flock(1) releases the lock even if this process is killed
  await execa('flock', [`${place}.lock`, 'sh', '-c', MAKE, 'make', place, ...arguments_], {
    stdin: 'ignore',
  });
}

/** Links the root under its plain name, for people who look for it. */
function link(at: string, target: string): void {
  if (fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(at) === target) return;
  const beside = `${at}.${process.pid}`;
  fs.symlinkSync(target, beside);
  fs.renameSync(beside, at);
}
