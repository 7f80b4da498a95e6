import path from 'node:path';
import type { DirectorySlot } from '../elf/loader-strings.ts';
import { FlixError } from '../errors.ts';
import { muslArchitecture, muslPathFile } from '../libc/libc.ts';
import { slotFor } from './slots.ts';
import { createHash } from 'node:crypto';

/** A relative link to create. */
export interface PlacedLink {
  /** Absolute path in the tree. */
  readonly path: string;
  readonly target: string;
}

/** Where the private directory and its loader are, and the names by which programs and loader reach them. */
export interface Placement {
  /** The real one: `/usr/local/btop/lib`. */
  readonly libraryDirectory: string;
  /** What the loader's slot will hold, before it is padded, ending in `/`. `undefined`: no slot is long enough, and run paths are needed. */
  readonly slot: string | undefined;
  /** For PT_INTERP. Where it has no room in place, patchelf has to set it. */
  readonly interpreter: string;
  readonly links: readonly PlacedLink[];
  /** The slot or the interpreter goes through a link whose name is a hash. */
  readonly viaAlias: boolean;
}

export interface MuslPlacement extends Placement {
  /** What musl reads instead of a compiled-in list. */
  readonly pathFile: { readonly path: string; readonly content: string };
}

interface PlacementRequest {
  /** `/usr/local/<name>`, normalised. */
  readonly prefix: string;
  readonly name: string;
  /** Name of the loader's copy in the private directory. */
  readonly loader: string;
  /** Of the tightest program: PT_INTERP in bytes, its NUL included. */
  readonly interpreterRoom: number;
}

/** One way to reach the private directory, and the links that it takes. */
interface Route {
  readonly text: string;
  readonly links: readonly PlacedLink[];
  readonly alias: boolean;
}

/** @param slots one list of the loader's default directories; only their lengths matter */
export function placeGlibc(
  wanted: PlacementRequest & { readonly slots: readonly Pick<DirectorySlot, 'length'>[] },
): Placement {
  const { prefix, name, loader, slots, interpreterRoom } = wanted;
  const libraryDirectory = `${prefix}/lib`;
  const alias = longAlias(prefix, name);
  const short = [4, 3].map(digits => shortAlias(prefix, name, digits));
  const interpreterLink = { path: `${prefix}/ld.so`, target: `lib/${loader}` };
  const slot = [
    direct(`${libraryDirectory}/`),
    through(alias, '/lib/'),
    // a short one names `lib` itself: programs that go up from a library's path fail there, so it comes last
    ...short.map(link => through(link, '/')),
  ].find(({ text }) => slotFor(slots, text.length) >= 0);
  const interpreters = [
    direct(interpreterLink.path, interpreterLink),
    through(alias, '/ld.so', interpreterLink),
    ...short
      .filter(link => slot?.text === `${link.path}/`)
      .map(link => through(link, '/ld.so', { path: `${libraryDirectory}/ld.so`, target: loader })),
  ];
  const interpreter = fitting(interpreters, interpreterRoom);
  return {
    libraryDirectory,
    slot: slot?.text,
    interpreter: interpreter.text,
    ...linksOf([slot, interpreter]),
  };
}

/**
 * musl derives the path file from PT_INTERP, two directories up (ldso/dynlink.c), so that the loader's link lies one
 * directory deeper than glibc's: `/usr/local/etc` would be everybody's.
 * Throws `FlixError` `interpreter-not-musl`.
 * @param wanted.replaces the PT_INTERP of the programs, which names musl's architecture
 */
export function placeMusl(wanted: PlacementRequest & { readonly replaces: string }): MuslPlacement {
  const { prefix, name, loader, interpreterRoom, replaces } = wanted;
  const architecture = muslArchitecture(replaces);
  if (architecture === undefined)
    throw new FlixError(
      'input',
      'interpreter-not-musl',
      `the interpreter ${replaces} is musl's, but not called ld-musl-ARCHITECTURE.so.1`,
      'The name of its path file cannot be foreseen: use --mode flatwrap.',
    );
  const libraryDirectory = `${prefix}/lib`;
  const alias = longAlias(prefix, name);
  const link = (file: string) => ({ path: `${prefix}/l/${file}`, target: `../lib/${loader}` });
  const ways = [
    direct(link('l').path, link('l')),
    through(alias, '/l/ld', link('ld')),
    through(alias, '/l/l', link('l')),
  ];
  const interpreter = fitting(ways, interpreterRoom);
  return {
    libraryDirectory,
    slot: undefined,
    interpreter: interpreter.text,
    ...linksOf([interpreter]),
    pathFile: { path: prefix + muslPathFile(architecture), content: `${libraryDirectory}\n` },
  };
}

function direct(text: string, ...links: PlacedLink[]): Route {
  return { text, links, alias: false };
}

function through(alias: Alias, below: string, ...links: PlacedLink[]): Route {
  const target = path.posix.relative(path.posix.dirname(alias.path), alias.to);
  return { text: `${alias.path}${below}`, links: [{ path: alias.path, target }, ...links], alias: true };
}

/** The first that fits in place, else the first of all, for patchelf. */
function fitting(ways: readonly Route[], room: number): Route {
  return ways.find(({ text }) => Buffer.byteLength(text) < room) ?? ways[0]!;
}

function linksOf(ways: readonly (Route | undefined)[]): Pick<Placement, 'links' | 'viaAlias'> {
  const links = new Map(ways.flatMap(way => way?.links ?? []).map(link => [link.path, link]));
  return { links: [...links.values()], viaAlias: ways.some(way => way?.alias) };
}

/** A link with a short name; both paths absolute. */
interface Alias {
  readonly path: string;
  readonly to: string;
}

/** `/usr/local/.1234567` → `/usr/local/<name>`, for names that loaders have no room for. It names the directory above `lib`. */
function longAlias(prefix: string, name: string): Alias {
  return { path: `${path.posix.dirname(prefix)}/.${hash(prefix, name).slice(0, 7)}`, to: prefix };
}

/**
 * `/usr/.1234` or `/usr/123` → the private directory itself, for loaders whose directories are `/usr/lib64/` or
 * `/usr/lib/`. Always in `/usr`: a link in `/opt` would make the host's `/opt` read-only on merging.
 * @param digits 4, or 3 and no dot
 */
function shortAlias(prefix: string, name: string, digits: number): Alias {
  return { path: `/usr/${digits > 3 ? '.' : ''}${hash(prefix, name).slice(0, digits)}`, to: `${prefix}/lib` };
}

/** By name where that decides the prefix, so that the alias of a name is the same in every tree. */
function hash(prefix: string, name: string): string {
  return createHash('sha256')
    .update(prefix === `/usr/local/${name}` ? name : prefix)
    .digest('hex');
}
