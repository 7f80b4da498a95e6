import type { ElfFacts } from '../elf/facts.ts';
import { type LibcFamily, libcFamily, musl, MUSL_PATH_FILE } from '../libc/libc.ts';
import type { View } from '../view/view.ts';
import { asBuffer } from '../elf/bytes.ts';
import { defaultDirectorySlots, glibcVersion } from '../elf/loader-strings.ts';
import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { basename, join } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import { abiOf, sameAbi } from '../elf/machine.ts';

/** A dynamic loader, as its file describes it. */
export interface Loader extends Compiled {
  /** As PT_INTERP, or the ABI's standard path, names it. */
  readonly path: string;
  readonly real: string;
  readonly view: View;
  readonly facts: ElfFacts;
  readonly id: string;
  /** The names by which it is already loaded: the PT_INTERP string and its DT_SONAME. */
  readonly names: ReadonlySet<string>;
}

/** What the bytes of a loader say, wherever it is: compiled-in paths, rules and the version. */
interface Compiled {
  readonly family: LibcFamily;
  /** glibc: as compiled in, each ending in `/`. musl: none. */
  readonly defaultDirectories: readonly string[];
  /** glibc: the compiled-in paths of the files that it reads; a sealed loader has neither. */
  readonly cacheFile: string | undefined;
  readonly preloadFile: string | undefined;
  /** glibc: the value of `$LIB`. */
  readonly lib: string | undefined;
  /** glibc: such as `2.36`; `undefined` for a loader that does not state it, as none did before 2.33. */
  readonly version: string | undefined;
  /**
   * Debian's and Ubuntu's glibc skip an object for another machine before they check its byte order and OSABI. For every
   * other glibc, a wrong byte order or OSABI is fatal.
   */
  readonly checksMachineFirst: boolean;
  /** glibc before 2.32: an object that has a filtee of its own fails an assertion (elf/dl-deps.c; bug 16272). */
  readonly refusesOwnFiltees: boolean;
  /** musl: `/etc/ld-musl-ARCH.path`, relative to the directory two levels above PT_INTERP. */
  readonly pathFile: string | undefined;
}

/** The text of the assertion that an object is the first in its own search list. */
const FILTEE_ASSERTION = 'map->l_searchlist.r_list[0] == map\0';
/** In bytes. A loader has 0.2 MB; a larger file at its path is something else. */
const MAX_LOADER = 16 * 1024 * 1024;

/**
 * Finds the loader that loads an object in a view: the one that PT_INTERP names; for a library, the one at its ABI's
 * standard path, or else one that programs of that ABI in the view name. `undefined`: the view contains none.
 */
export function findLoader(view: View, facts: ElfFacts): Loader | undefined {
  if (facts.interpreter !== undefined) {
    const loader = loaderAt(view, facts.interpreter);
    // the kernel starts a program with its interpreter whatever the e_flags of both are (fs/binfmt_elf.c)
    const { machine, class: bits } = facts.header;
    if (loader?.facts.header.machine === machine && loader.facts.header.class === bits) return loader;
  }
  const family = libcFamily(facts);
  const standard = abiOf(facts.header)?.interpreter;
  const conventional = standard === undefined || family === 'musl' ? undefined : loaderAt(view, standard);
  if (conventional && sameAbi(conventional.facts.header, facts.header)) return conventional;
  const others = [...interpretersInUse(view, '/'), ...muslLoaders(view, '/lib')].filter(loader =>
    sameAbi(loader.facts.header, facts.header),
  );
  return (
    others.find(loader => loader.family === (family ?? 'glibc')) ??
    (family === undefined ? others[0] : undefined)
  );
}

/** Reads the loader at a path. Also looks below `/usr`, because an extracted root may lack the link from `/lib` to `usr/lib`. */
export const loaderAt = memoised((view, path): Loader | undefined => {
  const target = follow(view, path);
  const real = target.path !== undefined ? target : follow(view, `/usr${path}`);
  if (real.path === undefined || real.kind !== 'file') return undefined;
  const object = objectAt(view, real.path);
  if (!object.facts || view.stat(real.path).size > MAX_LOADER) return undefined;
  const source = view.source(real.path);
  const compiled = compiledIn(source.view, source.path);
  if (!compiled) return undefined;
  const { facts, id } = object;
  const names = new Set([path, facts.dynamic?.soname ?? basename(path)]);
  const { version = compiled.family === 'musl' ? undefined : versionInName(real.path) } = compiled;
  return { ...compiled, version, path, real: real.path, view, facts, id, names };
});

/** Reads the bytes of a loader once, however many views show it. @param view the source of the file */
const compiledIn = memoised((view, path): Compiled | undefined => {
  const content = readBytes(view, path);
  if (!content) return undefined;
  const pathFile = muslPathFile(content);
  const defaultDirectories = pathFile
    ? []
    : [...(defaultDirectorySlots(content)[0] ?? [])].map(({ text }) => text);
  return {
    family: pathFile ? 'musl' : 'glibc',
    defaultDirectories,
    cacheFile: pathFile ? undefined : compiledPath(content, '/ld.so.cache'),
    preloadFile: pathFile ? undefined : compiledPath(content, '/ld.so.preload'),
    lib: compiledLib(content) ?? defaultDirectories[0]?.replace(/^\/(?:usr\/)?|\/+$/g, ''),
    version: pathFile ? undefined : glibcVersion(content),
    checksMachineFirst: isDebian(content),
    refusesOwnFiltees: asBuffer(content).includes(FILTEE_ASSERTION),
    pathFile,
  };
});

/** Returns the name of the path file that musl's loader contains, such as `/etc/ld-musl-x86_64.path` (ldso/dynlink.c). */
function muslPathFile(content: Uint8Array): string | undefined {
  const bytes = asBuffer(content);
  const at = bytes.indexOf(MUSL_PATH_FILE);
  return at < 0 ? undefined : /^[\w./-]+/.exec(bytes.toString('latin1', at, at + 64))?.[0];
}

/**
 * Returns the value of `$LIB` (glibc elf/dl-load.c, DL_DST_LIB), such as `lib64` or `lib/x86_64-linux-gnu`; `undefined`: no
 * single string of the loader looks like it. In a loader whose default directories were changed, they do not tell.
 */
function compiledLib(content: Uint8Array): string | undefined {
  const bytes = asBuffer(content);
  const values = new Set<string>();
  // a search for a text that begins with NUL would be slow, because Node compares at each NUL
  for (let at = bytes.indexOf('lib'); at >= 0; at = bytes.indexOf('lib', at + 1)) {
    if (bytes[at - 1] !== 0) continue;
    const value = /^lib(?:x?\d+)?(?:\/[\w-]+)?(?=\0)/.exec(bytes.toString('latin1', at, at + 63));
    if (value) values.add(value[0]);
  }
  return values.size === 1 ? [...values][0] : undefined;
}

/** Returns the NUL-terminated absolute path in a loader that ends in `ending`. */
function compiledPath(content: Uint8Array, ending: string): string | undefined {
  const bytes = asBuffer(content);
  const end = bytes.indexOf(`${ending}\0`);
  if (end < 0) return undefined;
  const path = bytes.toString('latin1', bytes.lastIndexOf(0, end) + 1, end + ending.length);
  return path.startsWith('/') ? path : undefined;
}

/** Returns the 31 in 2.31. A loader of glibc that states no version is older than 2.33, the first that has `--version`. */
export function minorVersion(loader: Loader | undefined): number {
  const minor = /^2\.(\d+)/.exec(loader?.version ?? '')?.[1];
  if (minor !== undefined) return Number(minor);
  return loader?.family === 'glibc' ? 32 : Infinity;
}

/** Before 2.34, `ld-2.31.so` was the name of the file and the interpreter a link to it. */
function versionInName(real: string): string | undefined {
  return /^ld-(2\.\d+(?:\.\d+)?)\.so$/.exec(basename(real))?.[1];
}

/** Whether Debian or Ubuntu built a glibc loader: its banner, or else the address for bug reports, says so. */
function isDebian(content: Uint8Array): boolean {
  const bytes = asBuffer(content);
  return [
    'ld.so (Debian GLIBC',
    'ld.so (Ubuntu GLIBC',
    '<http://www.debian.org/Bugs/>',
    '<https://bugs.launchpad.net/ubuntu/',
  ].some(mark => bytes.includes(mark));
}

/** Returns the musl loaders at the usual path, for a root of libraries without a program that names its loader. */
const muslLoaders = memoised((view, directory): readonly Loader[] => {
  const where = follow(view, directory);
  if (where.path === undefined) return [];
  const names = [...view.list(where.path).keys()].filter(name => musl.loaderName.test(name));
  return names.flatMap(name => loaderAt(view, join(directory, name)) ?? []);
});

/** Returns the loaders that the programs of a root name, each once. */
const interpretersInUse = memoised((view): readonly Loader[] => {
  const loaders = new Map<string, Loader>();
  for (const directory of ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']) {
    const where = follow(view, directory);
    if (where.path === undefined) continue;
    for (const [name, kind] of view.list(where.path)) {
      if (kind !== 'file') continue;
      const interpreter = objectAt(view, join(where.path, name)).facts?.interpreter;
      const loader = interpreter === undefined ? undefined : loaderAt(view, interpreter);
      if (loader) loaders.set(loader.path, loader);
    }
  }
  return [...loaders.values()];
});
