import type { Needed } from '../elf/facts.ts';
import { readText } from '../view/text.ts';
import type { Edge, Fatal, Missing, Origin, Searched, SkippedPreload } from './closure.ts';
import type { GlibcSearch } from './glibc-search.ts';
import type { Loader } from './loader.ts';
import { FatalLoad, type FoundFile, Node } from './node.ts';
import type { ResolveOptions } from './options.ts';

/** What the loader has mapped after it has resolved all dependencies. */
export interface LoadResult {
  readonly objects: readonly Node[];
  readonly missing: readonly Missing[];
  readonly skippedPreloads: readonly SkippedPreload[];
  readonly fatal: Fatal | undefined;
}

/**
 * Loads an entry as glibc's rtld does (elf/rtld.c, elf/dl-deps.c): first preloaded objects, then the dependencies of
 * each object, breadth-first.
 *
 * @param searches one for each view; a lookup that fails in one view continues in the next
 */
export function loadGlibc(
  main: Node,
  loader: Loader | undefined,
  searches: readonly GlibcSearch[],
  options: ResolveOptions,
): LoadResult {
  return new GlibcProcess(main, loader, searches).load(
    main.facts.dynamic ? (options.opened ?? []) : [],
    preloads(main, loader, options),
  );
}

function preloads(main: Node, loader: Loader | undefined, options: ResolveOptions): string[] {
  if (!main.facts.dynamic) return [];
  const file = options.preloadFile === false ? undefined : loader?.preloadFile;
  const listed = preloadNames((file && readText(main.view, file)) ?? '');
  return [...(options.preload ?? []), ...listed].filter(Boolean);
}

/**
 * Splits `/etc/ld.so.preload` as the loader does (elf/rtld.c, dl_main): a NUL ends the list, but not the last name if
 * nothing follows it; after each comment, the loader looks for further ones only in the first part of the file, which
 * is as long as the rest of it.
 */
function preloadNames(content: string): string[] {
  let uncommented = content;
  for (let start = 0, rest = content.length; rest > 0;) {
    const comment = uncommented.indexOf('#', start);
    if (comment < 0 || comment >= rest) break;
    const newline = content.indexOf('\n', comment);
    const length = Math.min((newline < 0 ? content.length : newline) - comment, rest - comment);
    uncommented = uncommented.slice(0, comment) + ' '.repeat(length) + uncommented.slice(comment + length);
    rest -= comment + length;
    start = comment + length;
  }
  const [, list, last] = /^([^]*?)([^ \t\n:]*)$/.exec(uncommented)!;
  const upToNul = (text: string) => text.replace(/\0[^]*/, '');
  return [...upToNul(list!).split(/[ \t\n:]+/), upToNul(last!)];
}

const theLoader: Origin = { kind: 'loader' };
const loadedAlready: Origin = { kind: 'loaded' };

class GlibcProcess {
  readonly #main: Node;
  readonly #searches: readonly GlibcSearch[];
  /** The search list. The filtees of an object come before it. */
  readonly #list: Node[];
  readonly #listed: Set<Node>;
  readonly #byName = new Map<string, Node>();
  readonly #byId = new Map<string, Node>();
  readonly #missing: Missing[] = [];
  readonly #skippedPreloads: SkippedPreload[] = [];
  /** Known from the start by PT_INTERP and by its DT_SONAME, so it is never searched for. */
  readonly #loaderNode: Node | undefined;

  constructor(main: Node, loader: Loader | undefined, searches: readonly GlibcSearch[]) {
    this.#main = main;
    this.#searches = searches;
    this.#list = [main];
    this.#listed = new Set(this.#list);
    this.#enter(main);
    if (loader && loader.id !== main.id) {
      this.#loaderNode = new Node({ ...loader, origin: theLoader }, undefined);
      for (const name of loader.names) this.#name(this.#loaderNode, name);
    }
  }

  load(opened: readonly string[], preloaded: readonly string[]): LoadResult {
    let fatal: Fatal | undefined;
    let requester = this.#main;
    try {
      for (const name of opened) if (!this.#loadFirst(name)) this.#recordMissing(name, this.#main, 'preload');
      for (const name of preloaded) this.#preload(name);
      const done = new Set<Node>();
      for (let at = 0; at < this.#list.length;) {
        requester = this.#list[at]!;
        if (done.has(requester)) at++;
        else {
          done.add(requester);
          this.#dependencies(requester, at);
        }
      }
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      fatal = { path: error.path, reason: error.reason, requester };
    }
    return {
      objects: this.#list,
      missing: this.#missing,
      skippedPreloads: this.#skippedPreloads,
      fatal,
    };
  }

  #loadFirst(name: string): boolean {
    const { node, origin } = this.#map(name, this.#main);
    this.#append(node);
    this.#main.edges.push({ tag: 'preload', name, to: node, origin });
    return node !== undefined;
  }

  /** Loads a preload. The loader reports one that it cannot load, and goes on (elf/rtld.c, do_preload). */
  #preload(name: string): void {
    try {
      if (!this.#loadFirst(name)) this.#skippedPreloads.push({ name, reason: 'it is missing' });
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      this.#skippedPreloads.push({ name, reason: error.reason });
    }
  }

  #dependencies(requester: Node, at: number): void {
    let before = at;
    for (const needed of requester.facts.dynamic?.needed ?? []) {
      const { node, origin } = this.#map(needed.name, requester, needed);
      if (!node && needed.tag !== 'auxiliary') this.#recordMissing(needed.name, requester, needed.tag);
      requester.edges.push({ tag: needed.tag, name: needed.name, to: node, origin });
      if (needed.tag === 'needed') this.#append(node);
      else if (node && this.#precede(node, before)) before++;
    }
  }

  #append(node: Node | undefined): void {
    if (!node || node === this.#loaderNode || this.#listed.has(node)) return;
    this.#listed.add(node);
    this.#list.push(node);
  }

  /** Puts a filtee before the object that names it, or moves it there from behind. */
  #precede(node: Node, before: number): boolean {
    if (node === this.#loaderNode) return false;
    const standing = this.#listed.has(node) ? this.#list.indexOf(node) : -1;
    if (standing >= 0 && standing < before) return false;
    if (standing >= 0) this.#list.splice(standing, 1);
    this.#listed.add(node);
    this.#list.splice(before, 0, node);
    return true;
  }

  #map(raw: string, requester: Node, needed?: Needed): { node: Node | undefined; origin: Edge['origin'] } {
    const name = this.#searches[0]!.expand(raw, requester);
    const known = name === undefined ? undefined : this.#byName.get(name);
    if (known) {
      known.names.add(name!);
      return { node: known, origin: known === this.#loaderNode ? theLoader : loadedAlready };
    }
    const found = name === undefined ? undefined : this.#searchFor(name, requester, needed);
    if (!found) return { node: undefined, origin: undefined };
    const same = this.#byId.get(found.id);
    if (same) {
      this.#name(same, name!);
      return { node: same, origin: found.origin };
    }
    const node = new Node(found, requester);
    this.#name(node, name!);
    this.#enter(node);
    return { node, origin: found.origin };
  }

  #search(name: string, requester: Node, trace?: Searched[]): FoundFile | undefined {
    for (const search of this.#searches) {
      const found = name.includes('/')
        ? search.open(name, { kind: 'path' }, trace)
        : search.find(name, requester, this.#main, trace);
      if (found) return found;
    }
    return undefined;
  }

  /** Searches for an object. An auxiliary that cannot be loaded counts as absent (elf/dl-deps.c). */
  #searchFor(name: string, requester: Node, needed: Needed | undefined): FoundFile | undefined {
    try {
      return this.#search(name, requester);
    } catch (error) {
      if (error instanceof FatalLoad && needed?.tag === 'auxiliary') return undefined;
      throw error;
    }
  }

  #recordMissing(raw: string, requester: Node, tag: Missing['tag']): void {
    const name = this.#searches[0]!.expand(raw, requester);
    const searched: Searched[] = [];
    if (name !== undefined) this.#search(name, requester, searched);
    this.#missing.push({ name: name ?? raw, tag, requester, searched });
  }

  #enter(node: Node): void {
    this.#byId.set(node.id, node);
    this.#name(node, node.path);
    const soname = node.facts.dynamic?.soname;
    // lookups compare the soname, but it becomes one of the object's names only when it is requested
    if (soname !== undefined && !this.#byName.has(soname)) this.#byName.set(soname, node);
  }

  /** Adds a name. The first object with a name keeps it, because the loader walks its list from the start. */
  #name(node: Node, name: string): void {
    node.names.add(name);
    if (!this.#byName.has(name)) this.#byName.set(name, node);
  }
}
