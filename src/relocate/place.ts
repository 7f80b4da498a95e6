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

/** Where the private directory and the loader are, and the paths by which programs and loader reach them. */
export interface Placement {
  /** The real directory: `/usr/local/btop/lib`. */
  readonly libraryDirectory: string;
  /** What is written over a default directory of the loader, before padding; ends in `/`. `undefined`: no slot is long enough, so run paths are needed. */
  readonly slot: string | undefined;
  /** The new PT_INTERP. If it does not fit in place, patchelf has to set it. */
  readonly interpreter: string;
  readonly links: readonly PlacedLink[];
  /** The slot or the interpreter leads through a link whose name is a hash. */
  readonly viaAlias: boolean;
}

export interface MuslPlacement extends Placement {
  /** The file that lists the search directories, which musl reads instead of a compiled-in list. */
  readonly pathFile: { readonly path: string; readonly content: string };
}

interface PlacementRequest {
  /** `/usr/local/<name>`, normalised. */
  readonly prefix: string;
  readonly name: string;
  /** File name of the loader in the private directory. */
  readonly loader: string;
  /** The smallest PT_INTERP of all programs, in bytes, including the NUL. */
  readonly interpreterRoom: number;
}

/** A path to the private directory or the loader, and the links that it needs. */
interface Route {
  readonly text: string;
  readonly links: readonly PlacedLink[];
  readonly alias: boolean;
}

/**
 * Chooses the paths for a glibc loader: the shortest detour that fits.
 * @param request.slots one list of the loader's default directories, of which only the lengths matter
 */
export function placeGlibc(
  request: PlacementRequest & { readonly slots: readonly Pick<DirectorySlot, 'length'>[] },
): Placement {
  const { prefix, name, loader, slots, interpreterRoom } = request;
  const libraryDirectory = `${prefix}/lib`;
  const alias = longAlias(prefix, name);
  const short = [4, 3].map(digits => shortAlias(prefix, name, digits));
  const interpreterLink = { path: `${prefix}/ld.so`, target: `lib/${loader}` };
  const slot = [
    direct(`${libraryDirectory}/`),
    through(alias, '/lib/'),
    // last, because a short alias leads to `lib` itself: programs that look beside the directory of a library fail
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
 * Chooses the paths for musl's loader, which looks for its path file below the directory two levels above PT_INTERP
 * (ldso/dynlink.c). The link to the loader is one level deeper than glibc's, since `/usr/local/etc` is shared.
 * Throws `FlixError` `interpreter-not-musl`.
 * @param request.replaces the PT_INTERP of the programs, which contains musl's name of the architecture
 */
export function placeMusl(request: PlacementRequest & { readonly replaces: string }): MuslPlacement {
  const { prefix, name, loader, interpreterRoom, replaces } = request;
  const architecture = muslArchitecture(replaces);
  if (architecture === undefined)
    throw new FlixError(
      'input',
      'interpreter-not-musl',
      `the interpreter ${replaces} is musl’s, but its name is not ld-musl-ARCHITECTURE.so.1`,
      'The name of its path file is unknown, so the loader cannot be made private. Use --mode flatwrap.',
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

/** Returns the first route that fits in place; otherwise the first, which patchelf has to set. */
function fitting(ways: readonly Route[], room: number): Route {
  return ways.find(({ text }) => Buffer.byteLength(text) < room) ?? ways[0]!;
}

function linksOf(ways: readonly (Route | undefined)[]): Pick<Placement, 'links' | 'viaAlias'> {
  const links = new Map(ways.flatMap(way => way?.links ?? []).map(link => [link.path, link]));
  return { links: [...links.values()], viaAlias: ways.some(way => way?.alias) };
}

/** A link with a short name. Both paths are absolute. */
export interface Alias {
  readonly path: string;
  readonly to: string;
}

/** Returns `/usr/local/.1234567` → `/usr/local/<name>`, the directory above `lib`, for names too long for the loader. */
export function longAlias(prefix: string, name: string): Alias {
  return { path: `${path.posix.dirname(prefix)}/.${hash(prefix, name).slice(0, 7)}`, to: prefix };
}

/**
 * Returns `/usr/.1234` or `/usr/123` → the private directory, for loaders whose default directories are `/usr/lib64/` or
 * `/usr/lib/`. It is always in `/usr`: an extension with a link in `/opt` would make the host's `/opt` read-only.
 * @param digits 4, or 3 without the dot
 */
function shortAlias(prefix: string, name: string, digits: number): Alias {
  return { path: `/usr/${digits > 3 ? '.' : ''}${hash(prefix, name).slice(0, digits)}`, to: `${prefix}/lib` };
}

/** The shortest alias of a redirected directory: `/usr/.1234`. */
export const SHORTEST_ALIAS = 10;
const LONGEST_ALIAS = 18;

/**
 * Returns `/usr/.1234` → a redirected file or directory of the tree, for paths that are too short for its own path. The name
 * has as many digits as there is room for.
 * @param room the length of the shortest path to be replaced, at least `SHORTEST_ALIAS`
 */
export function redirectAlias(place: string, room: number): Alias {
  const digits = Math.min(room, LONGEST_ALIAS) - '/usr/.'.length;
  return { path: `/usr/.${createHash('sha256').update(place).digest('hex').slice(0, digits)}`, to: place };
}

/** Hashes the name if it decides the prefix, so that a name has the same alias in every tree. */
function hash(prefix: string, name: string): string {
  return createHash('sha256')
    .update(prefix === `/usr/local/${name}` ? name : prefix)
    .digest('hex');
}
