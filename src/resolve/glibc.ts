import { isProgram } from '../elf/classify.ts';
import type { Needed } from '../elf/facts.ts';
import { machineOf } from '../elf/machine.ts';
import { readText } from '../view/text.ts';
import type { Edge, Fatal, Missing, OpenedName, Origin, SkippedPreload } from './closure.ts';
import type { GlibcSearch } from './glibc-search.ts';
import type { Loader } from './loader.ts';
import { FatalLoad, type FoundFile, Node } from './node.ts';
import { openAll, type OpeningProcess } from './opening.ts';
import type { ResolveOptions } from './options.ts';
import { type SearchTrace, SearchTraces } from './search-path.ts';

/** What the loader has mapped after it has resolved all dependencies. */
export interface LoadResult {
  readonly objects: readonly Node[];
  readonly missing: readonly Missing[];
  readonly skippedPreloads: readonly SkippedPreload[];
  readonly fatal: Fatal | undefined;
  readonly openedNames: readonly OpenedName[];
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
  const process = new GlibcProcess(main, loader, searches);
  const load = process.load(
    main.facts.dynamic ? (options.opened ?? []) : [],
    preloads(main, loader, options),
  );
  return {
    ...load,
    openedNames: load.fatal || !main.facts.dynamic ? [] : openAll(process, load.objects, options),
  };
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

class GlibcProcess implements OpeningProcess {
  readonly #main: Node;
  readonly #searches: readonly GlibcSearch[];
  /** The search list. The filtees of an object come before it. */
  readonly #list: Node[];
  readonly #listed: Set<Node>;
  readonly #byName: Map<string, Node>;
  readonly #byId: Map<string, Node>;
  readonly #missing: Missing[] = [];
  readonly #traces = new SearchTraces();
  readonly #skippedPreloads: SkippedPreload[] = [];
  /** Objects whose dependencies are loaded. */
  readonly #done: Set<Node>;
  /** Filtees that were moved forward in the search list. */
  readonly #moved = new Set<Node>();
  /** The DT_SONAME of the vDSO, which the kernel maps into every process (glibc elf/setup-vdso.h). */
  readonly #vdso: string | undefined;
  /** See `Loader.refusesOwnFiltees`. */
  readonly #refusesOwnFiltees: boolean;
  /** The object whose dependencies are being loaded. */
  #requester: Node | undefined;
  /** Known from the start by PT_INTERP and by its DT_SONAME, so it is never searched for. */
  readonly #loaderNode: Node | undefined;
  /** The objects of the process that this one continues. */
  readonly #before: ReadonlySet<Node>;

  constructor(main: Node, loader: Loader | undefined, searches: readonly GlibcSearch[], from?: GlibcProcess) {
    this.#main = main;
    this.#searches = searches;
    this.#before = new Set(from ? from.#list : []);
    this.#done = new Set(this.#before);
    this.#vdso = machineOf(main.facts.header)?.vdso;
    this.#refusesOwnFiltees = from ? from.#refusesOwnFiltees : loader?.refusesOwnFiltees === true;
    this.#byName = new Map(from ? from.#byName : []);
    this.#byId = new Map(from ? from.#byId : []);
    if (from) {
      this.#list = [...from.#list];
      this.#listed = new Set(this.#list);
      this.#loaderNode = from.#loaderNode;
      return;
    }
    this.#list = [main];
    this.#listed = new Set(this.#list);
    this.#enter(main);
    // the loader names the main object so (elf/rtld.c, _dl_new_object (""))
    this.#byName.set('', main);
    if (loader && loader.id !== main.id) {
      this.#loaderNode = new Node({ ...loader, origin: theLoader }, undefined);
      for (const name of loader.names) this.#name(this.#loaderNode, name);
    }
  }

  /** Opens a name as dlopen(3) does for a caller (elf/dl-open.c): only the search depends on the caller. */
  open(name: string, caller: Node): ReturnType<OpeningProcess['open']> {
    const known = this.#byName.get(this.#searches[0]!.expand(name, caller) ?? '');
    // most names are those of libraries that are loaded already, and need no copy of the process
    if (known && (this.#listed.has(known) || known === this.#loaderNode))
      return { ...this.#map(name, caller), fresh: [], missing: [], process: this };
    const process = new GlibcProcess(this.#main, undefined, this.#searches, this);
    if (this.#isVdso(name))
      return { node: this.#main, origin: loadedAlready, fresh: [], missing: [], process };
    try {
      const { node, origin } = process.#map(name, caller, { tag: 'needed', name }, false);
      if (!node || this.#before.has(node) || this.#listed.has(node) || node === this.#loaderNode)
        return { node, origin, fresh: [], missing: [], process };
      process.#append(node);
      process.#complete();
      process.#checkFiltees(node, process.#list[this.#list.length]);
      const fresh = process.#list.filter(object => !this.#listed.has(object));
      return { node, origin, fresh, missing: process.#missing, process };
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      return { node: undefined, origin: undefined, fresh: [], missing: [], process };
    }
  }

  load(opened: readonly string[], preloaded: readonly string[]): Omit<LoadResult, 'openedNames'> {
    let fatal: Fatal | undefined;
    this.#requester = this.#main;
    try {
      for (const name of opened) if (!this.#loadFirst(name)) this.#recordMissing(name, this.#main, 'preload');
      for (const name of preloaded) this.#preload(name);
      this.#complete();
      this.#checkFiltees(this.#main, this.#list[0]);
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      fatal = { path: error.path, reason: error.reason, requester: this.#requester };
    }
    return {
      objects: this.#list,
      missing: this.#missing,
      skippedPreloads: this.#skippedPreloads,
      fatal,
    };
  }

  #loadFirst(name: string): boolean {
    if (this.#isVdso(name)) return true;
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

  /** Adds the dependencies of all listed objects, breadth-first. */
  #complete(): void {
    for (let at = 0; at < this.#list.length;) {
      const object = this.#list[at]!;
      if (this.#done.has(object)) at++;
      else {
        this.#done.add((this.#requester = object));
        this.#dependencies(object, at);
      }
    }
  }

  /** @param first the first object of the search list of `object` */
  #checkFiltees(object: Node, first: Node | undefined): void {
    if (this.#refusesOwnFiltees && first !== object)
      throw new FatalLoad(
        object.path,
        'it names a filtee (DT_FILTER or DT_AUXILIARY), for which this loader ends the program: an assertion of glibc before 2.32 fails',
      );
  }

  /** Whether a name is that of the vDSO, which is loaded already but is no file. The main object comes before it. */
  #isVdso(name: string): boolean {
    return name === this.#vdso && this.#main.facts.dynamic?.soname !== name;
  }

  #dependencies(requester: Node, at: number): void {
    let before = at;
    // a filtee that was moved is visited again
    const again = this.#moved.has(requester) && requester.edges.length > 0;
    for (const needed of requester.facts.dynamic?.needed ?? []) {
      if (this.#isVdso(needed.name)) continue;
      const { node, origin } = this.#map(needed.name, requester, needed);
      if (!again) {
        if (!node && needed.tag !== 'auxiliary') this.#recordMissing(needed.name, requester, needed.tag);
        requester.edges.push({ tag: needed.tag, name: needed.name, to: node, origin });
      }
      if (needed.tag === 'needed') this.#append(node);
      else if (node && this.#precede(node, before)) before++;
    }
  }

  #append(node: Node | undefined): void {
    if (!node || node === this.#loaderNode || this.#listed.has(node)) return;
    this.#listed.add(node);
    this.#list.push(node);
  }

  /**
   * Puts a filtee before the object that names it, or moves it there from behind. Since the loader then visits it again, it
   * does not end with objects that are filtees of each other, until its stack is full.
   */
  #precede(node: Node, before: number): boolean {
    if (node === this.#loaderNode) return false;
    const standing = this.#listed.has(node) ? this.#list.indexOf(node) : -1;
    if (standing >= 0 && standing <= before) return false;
    if (standing >= 0) {
      if (this.#moved.has(node))
        throw new FatalLoad(node.path, 'it is a filtee of its own filtee, at which the loader crashes');
      this.#moved.add(node);
      this.#done.delete(node);
      this.#list.splice(standing, 1);
    }
    this.#listed.add(node);
    this.#list.splice(before, 0, node);
    if (before < this.#list.indexOf(this.#main)) this.#forget(node);
    return true;
  }

  /** Forgets an object that comes before the main object: the loader looks for loaded objects from there on. */
  #forget(node: Node): void {
    for (const [name, other] of this.#byName) if (other === node) this.#byName.delete(name);
    this.#byId.delete(node.id);
  }

  /** @param inherits whether a new object inherits the RPATH of the requester */
  #map(
    raw: string,
    requester: Node,
    needed?: Needed,
    inherits = true,
  ): { node: Node | undefined; origin: Edge['origin'] } {
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
    const node = new Node(found, inherits ? requester : undefined);
    this.#name(node, name!);
    this.#enter(node);
    return { node, origin: found.origin };
  }

  #search(name: string, requester: Node, trace?: SearchTrace): FoundFile | undefined {
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
    const { searched, cut } = this.#traces.record(trace => {
      if (name !== undefined) this.#search(name, requester, trace);
    });
    this.#missing.push({ name: name ?? raw, tag, requester, searched, cut });
  }

  #enter(node: Node): void {
    // the kernel maps a program, so that the loader knows neither its file nor its path (elf/rtld.c, rtld_setup_main_map)
    if (node !== this.#main || !isProgram(node.facts)) {
      this.#byId.set(node.id, node);
      this.#name(node, node.path);
    }
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
