import fs from 'node:fs';
import path from 'node:path';
import { labRoot } from './roots.ts';

/** The root of a distribution without multiarch directories. */
export interface Layout {
  /** The directory of all libraries, below /usr. */
  readonly libraries: 'lib' | 'lib64';
  readonly release: string;
  /** Links by path, with their targets. */
  readonly links: Readonly<Record<string, string>>;
  readonly directories: readonly string[];
}

const MERGED = { bin: 'usr/bin', lib: 'usr/lib' } as const;
const LIB64 = { ...MERGED, lib64: 'usr/lib64' } as const;

export const layouts = {
  fedora: {
    libraries: 'lib64',
    release: 'ID=fedora\nVERSION_ID=43\n',
    links: { ...LIB64, sbin: 'usr/sbin', 'usr/sbin': 'bin' },
    directories: ['usr/local', 'opt'],
  },
  /** An ostree system. */
  silverblue: {
    libraries: 'lib64',
    release: 'ID=fedora\nVERSION_ID=42\nVARIANT_ID=silverblue\n',
    links: { ...LIB64, sbin: 'usr/sbin', 'usr/sbin': 'bin', 'usr/local': '../var/usrlocal', opt: 'var/opt' },
    directories: ['var/usrlocal', 'var/opt'],
  },
  flatcar: {
    libraries: 'lib64',
    release: 'ID=flatcar\nVERSION_ID=4230.2.0\nSYSEXT_LEVEL=1.0\n',
    links: { ...LIB64, sbin: 'usr/sbin' },
    directories: ['usr/sbin', 'usr/local', 'opt'],
  },
  /** All library directories are links to one. */
  arch: {
    libraries: 'lib',
    release: 'ID=arch\n',
    links: { ...MERGED, lib64: 'usr/lib', 'usr/lib64': 'lib', sbin: 'usr/bin', 'usr/sbin': 'bin' },
    directories: ['usr/local', 'opt'],
  },
} as const satisfies Record<string, Layout>;

/** Further libraries of the hosts, from a root of Debian of the same release. */
const LIBRARIES = ['libz.so.1', 'libtinfo.so.6', 'libgcc_s.so.1', 'libstdc++.so.6', 'libpcre2-8.so.0'];

/** The programs of the host that wrappers call to set up their view. */
const UTIL_LINUX = ['usr/bin/unshare', 'usr/bin/mount'];

/** Libraries of util-linux's programs. */
const LIBRARIES_OF_UTIL_LINUX = ['libmount.so.1', 'libblkid.so.1', 'libselinux.so.1'];

/** Gives a host util-linux's unshare and mount, with their libraries. */
export async function addUtilLinux(name: keyof typeof layouts, place: string): Promise<void> {
  const programs = await labRoot('apps-bookworm');
  for (const program of UTIL_LINUX) fs.copyFileSync(path.join(programs, program), path.join(place, program));
  for (const library of LIBRARIES_OF_UTIL_LINUX)
    fs.copyFileSync(
      fs.realpathSync(path.join(programs, 'usr/lib/x86_64-linux-gnu', library)),
      path.join(place, 'usr', layouts[name].libraries, library),
    );
}

/**
 * Makes a host with the layout of another distribution, whose libc and loader are those of Debian's package libc6-amd64 for
 * i386: the loader searches /lib64 and /usr/lib64 by default. Needs root and a package archive.
 *
 * @param place does not exist yet
 */
export async function foreignHost(name: keyof typeof layouts, place: string): Promise<string> {
  const { libraries, release, links, directories }: Layout = layouts[name];
  const [libc, programs] = await Promise.all([labRoot('libc-lib64-bookworm'), labRoot('apps-bookworm')]);
  const at = (...parts: string[]) => path.join(place, ...parts);
  const own = at('usr', libraries);
  for (const directory of ['usr/bin', 'usr/lib', 'etc', `usr/${libraries}`, ...directories])
    fs.mkdirSync(at(directory), { recursive: true });
  for (const [link, target] of Object.entries(links)) fs.symlinkSync(target, at(link));
  fs.cpSync(path.join(libc, 'lib64'), own, { recursive: true, verbatimSymlinks: true });
  fs.cpSync(path.join(libc, 'usr/lib64/gconv'), path.join(own, 'gconv'), { recursive: true });
  for (const library of LIBRARIES)
    fs.copyFileSync(
      fs.realpathSync(path.join(programs, 'usr/lib/x86_64-linux-gnu', library)),
      path.join(own, library),
    );
  fs.copyFileSync(path.join(programs, 'usr/bin/bash'), at('usr/bin/bash'));
  fs.symlinkSync('bash', at('usr/bin/sh'));
  fs.writeFileSync(at('usr/lib/os-release'), release);
  fs.symlinkSync('../usr/lib/os-release', at('etc/os-release'));
  return place;
}
