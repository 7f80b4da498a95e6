import fs from 'node:fs';
import path from 'node:path';
import { archive, cacheDirectory, labRoot, type RootName } from './roots.ts';
import type { ElfRecipe } from './elf-recipe.ts';
import { EM_ARM, EM_PPC64 } from '../../src/elf/constants.ts';
import { writeElf } from './elf-writer.ts';
import type { LoaderName } from './fixture.ts';

/** A loader for fixtures: its path, a fake with everything that a resolver reads, and paths of the real one on this machine. */
interface FixtureLoader {
  readonly path: string;
  readonly fake: ElfRecipe;
  /** The first one that exists is used. */
  readonly real: readonly string[];
  /** A lab root that contains the loader, to be made if none of the paths exists. */
  readonly root?: RootName;
  /** A text of its file, and what replaces it everywhere. */
  readonly patch?: readonly [from: string, to: string];
}

/** The strings that glibc compiles in. It contains each list of default directories twice. */
function glibc(version: string, soname: string, triplet: string): ElfRecipe {
  const directories = `/lib/${triplet}/\0/usr/lib/${triplet}/\0/lib/\0/usr/lib/\0`;
  // a loader before 2.33 prints no version
  if (version === '2.31')
    return {
      soname,
      verdef: ['GLIBC_2.2.5', 'GLIBC_PRIVATE'],
      data: `\0lib/${triplet}\0/etc/ld.so.cache\0/etc/ld.so.preload\0<http://www.debian.org/Bugs/>\0map->l_searchlist.r_list[0] == map\0${directories}`,
    };
  return {
    soname,
    verdef: ['GLIBC_2.2.5', 'GLIBC_PRIVATE'],
    data: `\0lib/${triplet}\0/etc/ld.so.cache\0/etc/ld.so.preload\0ld.so (Debian GLIBC) stable release version ${version}.\n\0${directories}--list\0${directories}`,
  };
}

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';
const amd64 = (version: string) => glibc(version, 'ld-linux-x86-64.so.2', 'x86_64-linux-gnu');

const loaders: Record<Exclude<LoaderName, 'none'>, FixtureLoader> = {
  glibc: {
    path: INTERPRETER,
    fake: amd64('2.36'),
    real: [INTERPRETER, `${cacheDirectory}/host-bookworm${INTERPRETER}`],
  },
  /** With other default directories than it was built for. */
  'glibc-patched': {
    path: INTERPRETER,
    fake: amd64('2.36'),
    real: [INTERPRETER, `${cacheDirectory}/host-bookworm${INTERPRETER}`],
    patch: ['/lib/x86_64-linux-gnu/', '/opt/x86_64-linux-lib/'],
  },
  'glibc-2.31': {
    path: INTERPRETER,
    fake: amd64('2.31'),
    real: [`${cacheDirectory}/libc-bullseye/lib/x86_64-linux-gnu/ld-2.31.so`],
    root: 'libc-bullseye',
  },
  'glibc-2.41': {
    path: INTERPRETER,
    fake: amd64('2.41'),
    real: [`${cacheDirectory}/host-trixie${INTERPRETER}`],
    root: 'host-trixie',
  },
  'glibc-2.43': {
    path: INTERPRETER,
    fake: amd64('2.43'),
    real: [`${cacheDirectory}/libc-forky/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2`],
    root: 'libc-forky',
  },
  'glibc-i386': {
    path: '/lib/ld-linux.so.2',
    fake: { ...glibc('2.36', 'ld-linux.so.2', 'i386-linux-gnu'), class: 32 },
    real: [`${cacheDirectory}/libc-i386-bookworm/lib/i386-linux-gnu/ld-linux.so.2`],
    root: 'libc-i386-bookworm',
  },
  'glibc-armhf': {
    path: '/lib/ld-linux-armhf.so.3',
    fake: {
      ...glibc('2.36', 'ld-linux-armhf.so.3', 'arm-linux-gnueabihf'),
      class: 32,
      machine: EM_ARM,
      flags: 0x5000400,
    },
    real: [`${cacheDirectory}/libc-armhf-bookworm/lib/arm-linux-gnueabihf/ld-linux-armhf.so.3`],
    root: 'libc-armhf-bookworm',
  },
  'glibc-ppc64le': {
    path: '/lib64/ld64.so.2',
    fake: {
      ...glibc('2.36', 'ld64.so.2', 'powerpc64le-linux-gnu'),
      machine: EM_PPC64,
      flags: 2,
    },
    real: [`${cacheDirectory}/libc-ppc64el-bookworm/lib/powerpc64le-linux-gnu/ld64.so.2`],
    root: 'libc-ppc64el-bookworm',
  },
  musl: {
    path: '/lib/ld-musl-x86_64.so.1',
    fake: {
      soname: 'libc.so',
      data: 'musl libc (x86_64)\nVersion 1.2.5\0%.*s/etc/ld-musl-x86_64.path\0/lib:/usr/local/lib:/usr/lib\0',
    },
    real: ['/lib/ld-musl-x86_64.so.1', '/usr/lib/x86_64-linux-musl/libc.so'],
  },
};

export function loaderPath(name: Exclude<LoaderName, 'none'>): string {
  return loaders[name].path;
}

/** The amd64 loaders of glibc, the oldest first. */
export const glibcReleases = ['glibc-2.31', 'glibc', 'glibc-2.41', 'glibc-2.43'] as const;

/** Fetches the loaders that this machine lacks, where the archive has them. Tests that need the others are skipped. */
export async function fetchLoaders(): Promise<void> {
  if (process.getuid?.() !== 0 || archive() === undefined) return;
  for (const [name, { root }] of Object.entries(loaders)) {
    if (root === undefined || findLoader(name as keyof typeof loaders) !== undefined) continue;
    try {
      await labRoot(root);
    } catch (error) {
      console.error(`skipped: ${root} cannot be made: ${String(error).split('\n')[0]}`);
    }
  }
}

/** The path of a loader on this machine that has the version of the fixture, if there is one. */
export function findLoader(name: Exclude<LoaderName, 'none'>): string | undefined {
  const { real, fake } = loaders[name];
  const version = /version (2\.\d+)/.exec(fake.data ?? '')?.[1];
  return real.find(file => {
    if (!fs.existsSync(file)) return false;
    return (
      version === undefined || fs.readFileSync(file, 'latin1').includes(`stable release version ${version}`)
    );
  });
}

/** Puts a loader into a root: the real one if given, else a fake that contains the same strings but cannot run. */
export function placeLoader(root: string, name: LoaderName, real?: string): void {
  if (name === 'none') return;
  const at = path.join(root, loaders[name].path);
  if (fs.existsSync(at)) return;
  fs.mkdirSync(path.dirname(at), { recursive: true });
  const { fake, patch } = loaders[name];
  const bytes = real === undefined ? Buffer.from(writeElf(fake)) : fs.readFileSync(real);
  if (patch) replaceAll(bytes, ...patch);
  fs.writeFileSync(at, bytes);
  fs.chmodSync(at, 0o755);
}

/** Replaces a text of a file by another one of the same length. */
function replaceAll(bytes: Buffer, from: string, to: string): void {
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1');
}
