import type { Remark } from '../manifest/manifest.ts';
import type { Subject } from '../needs/find.ts';
import { moduleDirectories } from '../needs/family.ts';
import type { Need } from '../needs/need.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { join, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { checkedBy } from './checked-files.ts';
import {
  type ClosedDirectories,
  closingRewrites,
  isPrivate,
  type ObjectLookup,
  type Redirect,
  RedirectEdits,
} from './redirect-edits.ts';
import type { PlanRequest } from './request.ts';

const FLATWRAP = 'use --mode flatwrap';

/**
 * Decides which files of a tree that hosts have at the same path go to its private directory, and which directories of
 * modules its objects must not reach on a host. `edits` writes that into the files of the tree.
 */
export class Redirects {
  readonly #prefix: string;
  readonly #seal: PlanRequest['seal'];
  readonly #view: View;
  readonly #redirects: Redirect[] = [];
  readonly #closed: ClosedDirectories[] = [];
  readonly edits: RedirectEdits;

  constructor(request: Pick<PlanRequest, 'name' | 'prefix' | 'seal'>, view: View) {
    this.#prefix = request.prefix;
    this.#seal = request.seal;
    this.#view = view;
    this.edits = new RedirectEdits(request, this.#redirects, this.#closed);
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
    return isPrivate(this.#redirects, target);
  }

  /** Returns why a need cannot be redirected; `undefined`: it can. @param subjects the objects and scripts of the tree so far */
  refuses(need: Need, subjects: readonly Subject[]): string | undefined {
    const { what } = need;
    if (this.#seal === 'none') return `with --seal none, flix edits nothing but run paths; ${FLATWRAP}`;
    const place = this.#privatePlace(what);
    if (place === undefined) return `it has no place below ${this.#prefix}; ${FLATWRAP}`;
    const taken = this.#redirects.some(other => within(other.place, place) || within(place, other.place));
    if (taken) return `another directory is redirected to ${place}; ${FLATWRAP}`;
    const redirect = { paths: this.#pathsTo(what), place, lookups: lookupsOf(need) };
    const affected = subjects.filter(({ view, path }) => this.edits.wouldChange(view, path, redirect));
    if (affected.length === 0)
      return `no file of the tree contains its whole path, so it cannot be replaced; ${FLATWRAP}`;
    for (const { view, path } of affected) {
      const checker = checkedBy(view, path);
      if (checker !== undefined)
        return `${path} contains its path and must not be edited, because ${checker} contains a digest or signature of it; ${FLATWRAP}`;
      const tooShort = this.edits.tooShortIn(view, path, redirect);
      if (tooShort !== undefined)
        return `${path} contains “${tooShort}”, which is too short for a private path; ${FLATWRAP}`;
    }
    return undefined;
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
        const isRedirected = open.length < paths.length;
        this.#closed.push({
          rewrites: closingRewrites(open, isRedirected ? undefined : lookup.base),
          lookup: { ...lookup, file: path },
        });
      }
    }
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

function lookupsOf({ lookup, evidence: { file } }: Need): ObjectLookup[] {
  return lookup ? [{ ...lookup, file }] : [];
}
