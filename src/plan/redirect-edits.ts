import { MAX_SEARCHED, textSegments } from '../elf/compiled-in.ts';
import { asBuffer } from '../elf/bytes.ts';
import { readRange } from '../elf/reader.ts';
import { textsAt } from '../needs/evidence.ts';
import type { Lookup } from '../needs/need.ts';
import { isScript } from '../needs/scripts.ts';
import type { ByteEdit, Edit } from '../relocate/edit.ts';
import {
  deadPath,
  namesPath,
  type Rewrite,
  rewriteEdits,
  rewriteEditsBetween,
} from '../relocate/redirect.ts';
import { memoised } from '../view/memo.ts';
import { objectAt, readElfPart } from '../view/object.ts';
import { basename, within } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { checkedBy } from './checked-files.ts';
import type { Claims } from './claims.ts';
import { PrivatePaths } from './private-paths.ts';
import type { PlanRequest } from './request.ts';
import { blocksOf, blocksRewrite } from './split-constants.ts';

/** A file or directory of the root that hosts have too, and its private place in the tree. */
export interface Redirect {
  /** All paths of the root that lead to it, any of which objects may contain. */
  readonly paths: readonly string[];
  readonly place: string;
  /** How objects find it, one for each need. */
  readonly lookups: ObjectLookup[];
}

/** Directories of modules that the tree does not have, and that its objects must not load from a host. */
export interface ClosedDirectories {
  readonly rewrites: readonly Rewrite[];
  readonly lookup: ObjectLookup;
}

export interface ObjectLookup extends Lookup {
  /** The object that has the need: its real path. */
  readonly file: string;
}

/** In bytes. Larger data, such as an archive of locales, is not an index of paths. */
const MAX_DATA = 16 * 1024 * 1024;

/** The edits that make the files of a tree contain private paths instead of the redirected ones, each of the same length. */
export class RedirectEdits {
  readonly #private: PrivatePaths;
  readonly #redirects: readonly Redirect[];
  readonly #closed: readonly ClosedDirectories[];

  /** Both lists grow while the needs of the tree are judged. */
  constructor(
    request: Pick<PlanRequest, 'name' | 'prefix'>,
    redirects: readonly Redirect[],
    closed: readonly ClosedDirectories[],
  ) {
    this.#private = new PrivatePaths(request);
    this.#redirects = redirects;
    this.#closed = closed;
  }

  /** Whether a redirect would change an object or script. */
  wouldChange(view: View, path: string, redirect: Redirect): boolean {
    return (
      redirect.paths.some(
        original => namesPathAt(view, path, original) || this.#canCompose(view, path, original, redirect),
      ) || redirect.lookups.some(lookup => containsBase(lookup, view, path))
    );
  }

  /** Returns a path of a redirect that a file contains and that is too short for a private one; `undefined`: there is none. */
  tooShortIn(view: View, path: string, redirect: Redirect): string | undefined {
    return redirect.paths.find(
      original =>
        namesPathAt(view, path, original) && this.#private.replacement(original, redirect) === undefined,
    );
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
    return facts
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
  }

  /** Edits scripts and the data in redirected directories, and claims the links to private places. Call it last. */
  finish(claims: Claims): void {
    if (this.#redirects.length === 0) return;
    for (const file of claims.sorted()) {
      const { content, role, target } = file;
      if (content.kind !== 'copy' || role !== 'resource' || objectAt(content.view, content.path).facts)
        continue;
      if (!isPrivate(this.#redirects, target) && !isScript(content.view, content.path)) continue;
      const edits = [
        ...content.edits,
        ...afterFirstLine(content.edits, this.editsOf(content.view, content.path)),
      ];
      if (edits.length > 0) claims.replace({ ...file, content: { ...content, edits } });
    }
    for (const link of this.#private.links(claims.sorted())) claims.claim(link);
  }

  /** Whether the code of an object composes a path from blocks, from which it can compose the private path, too. */
  #canCompose(view: View, path: string, original: string, redirect: Redirect): boolean {
    const blocks = blocksAt(view, path, original);
    const to = blocks === undefined ? undefined : this.#private.replacement(original, redirect);
    return (
      to !== undefined && blocksRewrite(blocks!, { from: original, to, where: 'path', why: '' }) !== undefined
    );
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
      const to = this.#private.replacement(from, redirect);
      return to === undefined ? [] : [{ from, to, where: 'path', why: `leads to ${redirect.place}` }];
    });
  }

  #baseRewrites(text: string, { place, paths }: Redirect): Rewrite[] {
    const [first, last = first] = text.split(':') as [string, string?];
    const base = last.replace(/\/$/, '');
    const below = paths.find(original => within(base, original))?.slice(base.length);
    if (below === undefined || !place.endsWith(below)) return [];
    const directory = first.replace(/\/$/, '');
    const to = this.#private.replacement(directory, {
      place: place.slice(0, -below.length),
      paths: [directory],
    });
    if (to === undefined) return [];
    return [{ from: text, to: to + text.slice(directory.length), where: 'string', why: `leads to ${place}` }];
  }
}

/** Whether a path of the tree is the private place of a redirect or below one. */
export function isPrivate(redirects: readonly Redirect[], target: string): boolean {
  return redirects.some(({ place }) => within(place, target));
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

/**
 * Returns what leads directories, with and without /usr, to paths that cannot exist.
 *
 * @param base the text to which an object appends the rest of their paths
 */
export function closingRewrites(directories: readonly string[], base: string | undefined): Rewrite[] {
  const paths = directories.flatMap(each =>
    each.startsWith('/usr/') ? [each, each.slice('/usr'.length)] : [each],
  );
  return [
    ...paths.flatMap(from => unreachable(from, 'path')),
    ...(base === undefined ? [] : unreachable(base, 'string')),
  ];
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

/** Whether the strings of an object contain a path, or one below it. */
function namesPathAt(view: View, path: string, named: string): boolean {
  const source = view.source(path);
  return namesPath(pathTexts(source.view, source.path), named);
}

/** Returns the blocks from which the code of an object composes a path. */
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
