import { MAX_SEARCHED, textSegments } from '../elf/compiled-in.ts';
import { asBuffer } from '../elf/bytes.ts';
import { readRange } from '../elf/reader.ts';
import type { Remark } from '../manifest/manifest.ts';
import { textsAt } from '../needs/evidence.ts';
import type { Subject } from '../needs/find.ts';
import { moduleDirectories } from '../needs/family.ts';
import type { Lookup, Need } from '../needs/need.ts';
import { isScript } from '../needs/scripts.ts';
import type { ByteEdit, Edit } from '../relocate/edit.ts';
import { type Alias, longAlias, redirectAlias, SHORTEST_ALIAS } from '../relocate/place.ts';
import {
  deadPath,
  namesPath,
  padded,
  type Rewrite,
  rewriteEdits,
  rewriteEditsBetween,
} from '../relocate/redirect.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { objectAt, readElfPart } from '../view/object.ts';
import { basename, join, parent, relative, within } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import type { PlannedFile } from './plan.ts';
import type { PlanRequest } from './request.ts';
import { blocksOf, blocksRewrite } from './split-constants.ts';

/** A file or directory of the root that hosts have too, and its private place in the tree. */
interface Redirect {
  /** All paths of the root that lead to it, any of which objects may contain. */
  readonly paths: readonly string[];
  readonly place: string;
  /** How objects find it, one for each need. */
  readonly lookups: ObjectLookup[];
}

/** Directories of modules that the tree does not have, and that its objects must not load from a host. */
interface ClosedDirectories {
  readonly rewrites: readonly Rewrite[];
  readonly lookup: ObjectLookup;
}

interface ObjectLookup extends Lookup {
  /** The object that has the need: its real path. */
  readonly file: string;
}

const FLATWRAP = 'use --mode flatwrap';
/** In bytes. Larger data, such as an archive of locales, is not an index of paths. */
const MAX_DATA = 16 * 1024 * 1024;

/**
 * The files of a tree that hosts have at the same path. The tree keeps them in its private directory; in its objects,
 * scripts and index files, their paths are replaced by private ones of the same length.
 */
export class Redirects {
  readonly #prefix: string;
  readonly #seal: PlanRequest['seal'];
  readonly #view: View;
  readonly #long: Alias;
  readonly #redirects: Redirect[] = [];
  readonly #closed: ClosedDirectories[] = [];
  readonly #aliases = new Map<string, Alias>();

  constructor({ name, prefix, seal }: Pick<PlanRequest, 'name' | 'prefix' | 'seal'>, view: View) {
    this.#prefix = prefix;
    this.#seal = seal;
    this.#view = view;
    this.#long = longAlias(prefix, name);
  }

  /** Returns the private place of a path of the root; `undefined`: it is not redirected. */
  placeOf(path: string): string | undefined {
    const named = resolveParent(this.#view, path);
    for (const { paths, place } of this.#redirects)
      for (const original of paths) if (within(original, named)) return place + named.slice(original.length);
    return undefined;
  }

  /** Whether a path of the tree is a private place or below one. */
  contains(target: string): boolean {
    return this.#redirects.some(({ place }) => within(place, target));
  }

  /** Returns why a need cannot be redirected; `undefined`: it can. @param subjects the objects and scripts of the tree so far */
  refuses(need: Need, subjects: readonly Subject[]): string | undefined {
    const { what } = need;
    if (this.#seal === 'none') return `with --seal none, flix edits nothing but run paths; ${FLATWRAP}`;
    const place = this.#privatePlace(what);
    if (place === undefined) return `it has no place below ${this.#prefix}; ${FLATWRAP}`;
    const taken = this.#redirects.some(other => within(other.place, place) || within(place, other.place));
    if (taken) return `another directory is redirected to ${place}; ${FLATWRAP}`;
    const paths = this.#pathsTo(what);
    const redirect = { paths, place, lookups: lookupsOf(need) };
    const affected = subjects.filter(
      ({ view, path }) =>
        paths.some(
          original => namesPathAt(view, path, original) || this.#canMake(view, path, original, redirect),
        ) || redirect.lookups.some(lookup => containsBase(lookup, view, path)),
    );
    if (affected.length === 0)
      return `no file of the tree contains its whole path, so it cannot be replaced; ${FLATWRAP}`;
    for (const { view, path } of affected) {
      const checker = checkedBy(view, path);
      if (checker !== undefined)
        return `${path} contains its path and must not be edited, because ${checker} contains a digest or signature of it; ${FLATWRAP}`;
      const tooShort = paths.find(
        original => namesPathAt(view, path, original) && this.#replacement(original, redirect) === undefined,
      );
      if (tooShort !== undefined)
        return `${path} contains “${tooShort}”, which is too short for a private path; ${FLATWRAP}`;
    }
    return undefined;
  }

  /** Whether an object makes the path of blocks, and the private path can be made of them. */
  #canMake(view: View, path: string, original: string, redirect: Redirect): boolean {
    const blocks = blocksAt(view, path, original);
    const to = blocks === undefined ? undefined : this.#replacement(original, redirect);
    return (
      to !== undefined && blocksRewrite(blocks!, { from: original, to, where: 'path', why: '' }) !== undefined
    );
  }

  /** Redirects what a need names. Returns its private place. */
  add(need: Need): string {
    const place = this.#privatePlace(need.what)!;
    this.#redirects.push({ paths: this.#pathsTo(need.what), place, lookups: lookupsOf(need) });
    return place;
  }

  /** Adds a need to the redirect that covers it. Returns the private place; `undefined`: nothing redirects it yet. */
  join(need: Need): string | undefined {
    const place = this.placeOf(need.what);
    this.#redirects.find(redirect => redirect.place === place)?.lookups.push(...lookupsOf(need));
    return place;
  }

  /**
   * Replaces directories of modules that the tree does not have by paths that cannot exist, so that its objects do not load
   * those of a host. Call it when all needs are judged.
   *
   * @param isKept whether the tree has a path of the root at that same path, or the user left it out
   */
  close(subjects: readonly Subject[], isKept: (path: string) => boolean): void {
    if (this.#seal === 'none') return;
    const known = new Set<string>();
    for (const { view, path } of subjects) {
      const { facts } = known.has(path) ? { facts: undefined } : objectAt(view, path);
      known.add(path);
      for (const { paths, lookup } of facts ? moduleDirectories(view, path, facts) : []) {
        if (paths.some(isKept)) continue;
        const open = paths.filter(each => this.placeOf(each) === undefined);
        const rewrites = open.flatMap(each =>
          each.startsWith('/usr/') ? [each, each.slice('/usr'.length)] : [each],
        );
        const isRedirected = open.length < paths.length;
        this.#closed.push({
          rewrites: [
            ...rewrites.flatMap(from => unreachable(from, 'path')),
            ...(lookup.base === undefined || isRedirected ? [] : unreachable(lookup.base, 'string')),
          ],
          lookup: { ...lookup, file: path },
        });
      }
    }
  }

  /**
   * Returns the edits that write private paths into an object, a script, or a file in a redirected directory.
   *
   * @param path real
   */
  editsOf(view: View, path: string): ByteEdit[] {
    if (this.#redirects.length + this.#closed.length === 0) return [];
    const { facts } = objectAt(view, path);
    const rewrites = facts
      ? this.#rewritesOf(view, path)
      : this.#redirects.flatMap(each => this.#pathRewrites(each));
    if (rewrites.length === 0 || checkedBy(view, path) !== undefined) return [];
    const edits = facts
      ? (readElfPart(view, path, (reader, { segments }) => {
          let left = MAX_SEARCHED;
          const read = (from: number, to: number) =>
            asBuffer(readRange(reader, from, to - from, 'a segment'));
          return textSegments(segments).flatMap(({ offset, filesz }) => {
            const end = offset + Math.min(filesz, left);
            left -= end - offset;
            return rewriteEditsBetween(read, offset, end, rewrites);
          });
        }) ?? [])
      : editsOfData(view, path, rewrites);
    return edits;
  }

  /** Edits scripts and the data in redirected directories, and claims the links to private places. Call it last. */
  finish(claims: Claims): void {
    if (this.#redirects.length === 0) return;
    for (const file of claims.sorted()) {
      const { content, role, target } = file;
      if (content.kind !== 'copy' || role !== 'resource' || objectAt(content.view, content.path).facts)
        continue;
      if (!this.contains(target) && !isScript(content.view, content.path)) continue;
      const edits = [
        ...content.edits,
        ...afterFirstLine(content.edits, this.editsOf(content.view, content.path)),
      ];
      if (edits.length > 0) claims.replace({ ...file, content: { ...content, edits } });
    }
    for (const link of this.#links(claims.sorted())) claims.claim(link);
  }

  /** Returns the short links that the new paths pass through. */
  #links(files: readonly PlannedFile[]): PlannedFile[] {
    const edits = files.flatMap(({ content }) => (content.kind === 'copy' ? content.edits : []));
    const texts = edits.flatMap(edit =>
      edit.kind === 'bytes' ? [asBuffer(edit.after).toString('latin1')] : [],
    );
    const used = [...this.#aliases.values()].filter(({ path }) => {
      const text = new RegExp(`^${parent(path)}/+${basename(path).replaceAll('.', '\\.')}(?:/|$)`);
      return texts.some(each => text.test(each));
    });
    return used.map(({ path, to }) => ({
      target: path,
      role: 'metadata',
      content: { kind: 'link', to: relative(path, to) },
      why: `link to ${to}, for paths that are too short for it`,
    }));
  }

  /** Returns what to replace in an object. It is empty for most objects, which then need not be read again. */
  #rewritesOf(view: View, path: string): Rewrite[] {
    const names = (original: string) =>
      namesPathAt(view, path, original) || blocksAt(view, path, original) !== undefined;
    const redirected = this.#redirects.flatMap(redirect => {
      const { paths, lookups } = redirect;
      const withBase = lookups.filter(lookup => containsBase(lookup, view, path));
      if (withBase.length === 0 && !paths.some(names)) return [];
      const bases = new Set(withBase.flatMap(({ base }) => base ?? []));
      return [
        ...this.#pathRewrites(redirect),
        ...[...bases].flatMap(base => this.#baseRewrites(base, redirect)),
        ...lookups.flatMap(closedVariables),
      ];
    });
    const closed = this.#closed.flatMap(({ rewrites, lookup }) => {
      const here = rewrites.filter(({ from, where }) =>
        where === 'path' ? names(from) : containsBase(lookup, view, path),
      );
      return here.length === 0 ? [] : [...here, ...closedVariables(lookup)];
    });
    const all = [...redirected, ...closed];
    const blocks = all.flatMap(rewrite => {
      const copied = rewrite.where === 'path' ? blocksAt(view, path, rewrite.from) : undefined;
      return copied === undefined ? [] : (blocksRewrite(copied, rewrite) ?? []);
    });
    return distinct([...all, ...blocks]);
  }

  #pathRewrites(redirect: Redirect): Rewrite[] {
    return redirect.paths.flatMap(from => {
      const to = this.#replacement(from, redirect);
      return to === undefined ? [] : [{ from, to, where: 'path', why: `leads to ${redirect.place}` }];
    });
  }

  #baseRewrites(text: string, { place, paths }: Redirect): Rewrite[] {
    const [first, last = first] = text.split(':') as [string, string?];
    const base = last.replace(/\/$/, '');
    const below = paths.find(original => within(base, original))?.slice(base.length);
    if (below === undefined || !place.endsWith(below)) return [];
    const directory = first.replace(/\/$/, '');
    const to = this.#replacement(directory, { place: place.slice(0, -below.length), paths: [directory] });
    if (to === undefined) return [];
    return [{ from: text, to: to + text.slice(directory.length), where: 'string', why: `leads to ${place}` }];
  }

  /** Returns the text of the same length that leads to the private place; `undefined`: none fits. */
  #replacement(original: string, { place, paths }: Pick<Redirect, 'place' | 'paths'>): string | undefined {
    const direct = this.#through(place, original.length);
    if (direct !== undefined) return direct;
    const room = Math.min(...paths.map(({ length }) => length).filter(length => length >= SHORTEST_ALIAS));
    const alias = redirectAlias(place, room);
    const text = padded(parent(alias.path), `/${basename(alias.path)}`, original.length);
    return text === undefined ? undefined : this.#via(alias, text);
  }

  /** Reports redirected programs that lose their setuid or setgid bit. */
  remarks(): Remark[] {
    return this.#redirects.flatMap(({ paths: [path], place }) => {
      const real = follow(this.#view, path!);
      const isFile = real.path !== undefined && real.kind === 'file';
      const mode = isFile ? this.#view.stat(real.path).mode & 0o6000 : 0;
      if (mode === 0) return [];
      const bit = (mode & 0o4000) === 0 ? 'setgid' : 'setuid';
      return [
        {
          code: 'helper-unprivileged',
          file: place,
          message: `loses its ${bit} bit and runs with the rights of its caller, so it works only for programs that root runs. If other users run them, leave it to the host with --exclude ${path}.`,
        },
      ];
    });
  }

  #through(place: string, length: number): string | undefined {
    const rest = place.slice(this.#prefix.length);
    const direct = padded(this.#prefix, rest, length);
    if (direct !== undefined) return direct;
    const text = padded(this.#long.path, rest, length);
    return text === undefined ? undefined : this.#via(this.#long, text);
  }

  #via(alias: Alias, text: string): string | undefined {
    const known = this.#aliases.get(alias.path);
    if (known && known.to !== alias.to) return undefined;
    this.#aliases.set(alias.path, alias);
    return text;
  }

  /** Returns the private place of a path, without the machine’s library directory: `/usr/lib/x86_64-linux-gnu/gconv` goes to `lib/gconv`. */
  #privatePlace(what: string): string | undefined {
    const match =
      /^(?:\/usr)?\/(?:(lib)(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?|(share|libexec|s?bin))\/(.+)$/.exec(what);
    return match ? join(this.#prefix, `${match[1] ?? match[2]}/${match[3]}`) : undefined;
  }

  /** Returns all paths that lead to the same file of the root, with and without /usr. */
  #pathsTo(what: string): string[] {
    const { path: real } = follow(this.#view, what);
    const known = [what, resolveParent(this.#view, what), ...(real === undefined ? [] : [real])];
    const other = known.map(path => (path.startsWith('/usr/') ? path.slice('/usr'.length) : `/usr${path}`));
    return [...new Set([...known, ...other])].filter(path => follow(this.#view, path).path === real).sort();
  }
}

/** Shifts the edits of a script by the growth of its first line, and drops those of the old first line. */
function afterFirstLine(done: readonly Edit[], edits: readonly ByteEdit[]): ByteEdit[] {
  const line = done.find(({ kind }) => kind === 'first-line');
  if (line?.kind !== 'first-line') return [...edits];
  const grown = line.after.length - line.before.length;
  return edits.flatMap(edit =>
    edit.offset > line.before.length ? [{ ...edit, offset: edit.offset + grown }] : [],
  );
}

/** Whether an object contains the base of a lookup, to which it appends the rest of the path. */
function containsBase({ base, baseIn, file }: ObjectLookup, view: View, path: string): boolean {
  if (base === undefined) return false;
  const soname = objectAt(view, path).facts?.dynamic?.soname ?? basename(path);
  const isIt = baseIn ? baseIn.test(soname) : path === file;
  return isIt && textsAt(view, path).whole.includes(base);
}

function closedVariables({ variables }: Lookup): Rewrite[] {
  return variables.map(name => ({
    from: name,
    to: `=${name.slice(1)}`,
    where: 'string',
    why: `closes ${name}`,
  }));
}

function unreachable(from: string, where: Rewrite['where']): Rewrite[] {
  const to = deadPath(from.length);
  return to === undefined ? [] : [{ from, to, where, why: `closes ${from}` }];
}

/** Leaves out all but the first of the rewrites of a text. */
function distinct(rewrites: readonly Rewrite[]): Rewrite[] {
  const known = new Map<string, Rewrite>();
  for (const rewrite of rewrites) {
    const key = `${rewrite.where} ${rewrite.from}`;
    if (!known.has(key)) known.set(key, rewrite);
  }
  return [...known.values()];
}

function lookupsOf({ lookup, evidence: { file } }: Need): ObjectLookup[] {
  return lookup ? [{ ...lookup, file }] : [];
}

/** Whether the strings of an object contain a path, or one below it. */
function namesPathAt(view: View, path: string, named: string): boolean {
  const source = view.source(path);
  return namesPath(pathTexts(source.view, source.path), named);
}

/** Returns the blocks of which the code of an object makes a path. */
function blocksAt(view: View, path: string, named: string): string | undefined {
  const source = view.source(path);
  return blocksOf(source.view, source.path, pathTexts(source.view, source.path), named);
}

/** The strings that contain absolute paths, with a NUL between two of them, which no path contains. */
const pathTexts = memoised((view, path): string => {
  const { whole, parts } = textsAt(view, path);
  return [...whole, ...parts].filter(text => ABSOLUTE.test(text)).join('\0');
});

const ABSOLUTE = /(?:^|[^\w.+@~%*?$)}-])\/(?:usr|lib|opt|s?bin)/;

function editsOfData(view: View, path: string, rewrites: readonly Rewrite[]): ByteEdit[] {
  if (view.stat(path).size > MAX_DATA) return [];
  const bytes = readBytes(view, path);
  return bytes ? rewriteEdits(asBuffer(bytes), 0, rewrites) : [];
}

/** Names of files that contain a digest or signature of a file: `*` is its name, `%` its name without `.so` and what follows. */
const CHECKERS = [
  '.*.hmac', // libgcrypt, GnuTLS and OpenSSL of Fedora (FIPS 140)
  '*.hmac',
  'fipscheck/*.hmac', // fipscheck(3)
  '%.chk', // NSS (FIPS 140)
  '*.sig',
  '*.asc',
  '*.sign',
  '*.p7s',
  '*.minisig',
];

/** Returns the file with a digest or signature of a file, which must not be edited then; `undefined`: there is none. */
const checkedBy = memoised((view, path): string | undefined => {
  const name = basename(path);
  // a digest may be beside a link to the file, such as that with its soname
  const names = new Set([name, name.replace(/(\.so\.\d+)\..*$/, '$1'), name.replace(/(\.so)\..*$/, '$1')]);
  for (const called of names)
    for (const pattern of CHECKERS) {
      const checker = join(
        parent(path),
        pattern.replace('*', called).replace('%', called.replace(/\.so(?:\..*)?$/, '')),
      );
      if (view.kind(checker) !== undefined && checker !== path) return checker;
    }
  return undefined;
});
