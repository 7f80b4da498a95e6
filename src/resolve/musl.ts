import { ET_DYN, ET_EXEC } from '../elf/constants.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { gnuHash } from '../elf/gnu-hash.ts';
import { follow } from '../view/follow.ts';
import { objectAt, symbolsAt } from '../view/object.ts';
import { readText } from '../view/text.ts';
import { ReadFailure, type View } from '../view/view.ts';
import type { Edge, Missing, Origin, SkippedPreload } from './closure.ts';
import type { LoadResult } from './glibc.ts';
import type { Loader } from './loader.ts';
import { type FoundFile, Node } from './node.ts';
import { openAll, type OpeningProcess } from './opening.ts';
import type { ResolveOptions } from './options.ts';
import { fitsInMemory } from './probe.ts';
import { type SearchElement, SearchPath, type SearchTrace, SearchTraces } from './search-path.ts';
import { defines } from './symbol-check.ts';

/**
 * Names that musl's libc provides itself: by their beginning, whatever follows, even a slash (ldso/dynlink.c,
 * load_library: the table `reserved`).
 */
const RESERVED = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;
/** By these two symbols, musl recognises a libc of any kind under another name, and takes itself instead. */
const LIBC_SYMBOLS = ['__libc_start_main', 'stdin'];
const DEFAULT_PATH = '/lib:/usr/local/lib:/usr/lib';
const NAME_MAX = 255;
/** The size of the buffer for a path and its NUL (`2*NAME_MAX+2`). A longer path is not tried. */
const PATH_BUFFER = 512;

/**
 * Loads an entry as musl's dynamic linker does (ldso/dynlink.c): breadth-first. The first file that opens wins; if it
 * cannot be mapped, the name is missing. musl reports every missing name before it ends the program.
 *
 * @param views a lookup that fails in one view continues in the next
 */
export function loadMusl(
  main: Node,
  loader: Loader,
  views: readonly View[],
  options: ResolveOptions,
): LoadResult {
  const process = new MuslProcess(main, loader, views, options);
  const load = process.load();
  return { ...load, openedNames: openAll(process, load.objects, options) };
}

/** A search that found a file, went through all directories, or stopped at an error. */
type SearchResult = FoundFile | 'absent' | 'stopped';

class MuslProcess implements OpeningProcess {
  readonly #views: readonly View[];
  readonly #options: ResolveOptions;
  readonly #header: ElfHeader;
  /** The program comes first; lookups pass over it. */
  readonly #list: Node[];
  readonly #byName: Map<string, Node>;
  readonly #byId: Map<string, Node>;
  readonly #named: Set<Node>;
  readonly #loader: Loader;
  readonly #loaderNode: Node;
  readonly #libraryPath: readonly SearchElement[];
  readonly #systemPath: readonly SearchElement[];
  readonly #lastResort: readonly SearchElement[];
  readonly #searchPaths = new Map<View, WeakMap<readonly SearchElement[], SearchPath>>();
  readonly #runPaths = new WeakMap<Node, readonly SearchElement[]>();
  readonly #missing: Missing[] = [];
  readonly #skippedPreloads: SkippedPreload[] = [];
  readonly #traces = new SearchTraces();

  constructor(
    main: Node,
    loader: Loader,
    views: readonly View[],
    options: ResolveOptions,
    from?: MuslProcess,
  ) {
    this.#views = views;
    this.#options = options;
    this.#header = main.facts.header;
    this.#loader = loader;
    this.#byName = new Map(from ? from.#byName : []);
    this.#byId = new Map(from ? from.#byId : []);
    this.#named = new Set(from ? from.#named : []);
    this.#list = from ? [...from.#list] : [main];
    if (from) this.#loaderNode = from.#loaderNode;
    else
      this.#loaderNode =
        loader.id === main.id ? main : new Node({ ...loader, origin: { kind: 'loader' } }, undefined);
    this.#libraryPath = elementsOf(options.libraryPath?.join(':') ?? '', element => ({
      kind: 'library-path',
      element,
    }));
    this.#systemPath = systemPath(loader);
    this.#lastResort = (options.lastResort ?? []).map(element => ({
      origin: { kind: 'library-path', element },
      directory: element,
    }));
  }

  /** Opens a name as dlopen(3) does: the requester is always the main program (ldso/dynlink.c, dlopen). */
  open(name: string): ReturnType<OpeningProcess['open']> {
    const main = this.#list[0]!;
    const process = new MuslProcess(main, this.#loader, this.#views, this.#options, this);
    const { node, origin } = process.#map(name, main);
    process.#complete(this.#list.length);
    return {
      node,
      origin,
      fresh: process.#list.slice(this.#list.length),
      missing: process.#missing,
      process,
    };
  }

  load(): Omit<LoadResult, 'openedNames'> {
    const main = this.#list[0]!;
    for (const name of this.#options.opened ?? []) this.#need(name, 'preload', main);
    for (const name of this.#options.preload ?? []) this.#preload(name, main);
    this.#complete(0);
    return {
      objects: this.#list,
      missing: this.#missing,
      skippedPreloads: this.#skippedPreloads,
      fatal: undefined,
    };
  }

  /** Adds the dependencies of the objects of the list from `at` on. */
  #complete(at: number): void {
    for (let index = at; index < this.#list.length; index++) {
      const requester = this.#list[index]!;
      for (const { tag, name } of requester.facts.dynamic?.needed ?? [])
        // musl ignores DT_AUXILIARY and DT_FILTER
        if (tag === 'needed') this.#need(name, tag, requester);
    }
  }

  #need(name: string, tag: 'needed' | 'preload', requester: Node): void {
    const { node, origin } = this.#map(name, requester);
    requester.edges.push({ tag, name, to: node, origin });
    if (node) return;
    const { searched, cut } = this.#traces.record(trace => this.#search(name, requester, trace));
    this.#missing.push({ name, tag, requester, searched, cut });
  }

  /** Loads a preload, for which no run path counts. musl passes over one that it cannot load (load_preload). */
  #preload(name: string, main: Node): void {
    const { node, origin } = this.#map(name, undefined);
    if (node) main.edges.push({ tag: 'preload', name, to: node, origin });
    else this.#skippedPreloads.push({ name, reason: 'it cannot be loaded' });
  }

  #map(name: string, requester: Node | undefined): Pick<Edge, 'origin'> & { node: Node | undefined } {
    if (RESERVED.test(name) || name === this.#loaderNode.path)
      return { node: this.#loaderNode, origin: { kind: 'loader' } };
    const known = name.includes('/') ? undefined : this.#byName.get(name);
    if (known) return { node: known, origin: { kind: 'loaded' } };
    const found = this.#search(name, requester);
    if (typeof found === 'string') return { node: undefined, origin: undefined };
    const same = this.#byId.get(found.id);
    if (same) {
      // an object that was requested by its path gets its own file name as a name when a search finds it
      if (!name.includes('/')) this.#nameByFile(same);
      return { node: same, origin: found.origin };
    }
    if (isLibc(found)) return { node: this.#loaderNode, origin: { kind: 'loader' } };
    const node = new Node(found, requester);
    node.names.add(name);
    this.#byId.set(found.id, node);
    this.#list.push(node);
    if (!name.includes('/')) this.#nameByFile(node);
    return { node, origin: found.origin };
  }

  #nameByFile(node: Node): void {
    if (this.#named.has(node)) return;
    this.#named.add(node);
    const name = node.path.slice(node.path.lastIndexOf('/') + 1);
    const other = this.#byName.get(name);
    // lookups take the first in load order
    if (!other || this.#list.indexOf(node) < this.#list.indexOf(other)) this.#byName.set(name, node);
  }

  #search(name: string, requester: Node | undefined, trace?: SearchTrace): SearchResult {
    let result: SearchResult = 'absent';
    if (name === '') return result;
    for (const view of this.#views) {
      result = name.includes('/')
        ? this.#open(view, name, { kind: 'path' }, trace)
        : this.#searchIn(view, name, requester, trace);
      if (typeof result !== 'string') return result;
    }
    return result;
  }

  /** Searches LD_LIBRARY_PATH, the run paths of the requester and of its requesters, and the system's path, in this order. */
  #searchIn(view: View, name: string, requester: Node | undefined, trace?: SearchTrace): SearchResult {
    if (Buffer.byteLength(name) > NAME_MAX) return 'absent';
    let result = this.#along(view, this.#libraryPath, name, trace);
    for (let node = requester; node && result === 'absent'; node = node.requester)
      result = this.#along(view, this.#runPath(node), name, trace);
    for (const elements of [this.#systemPath, this.#lastResort])
      if (result === 'absent') result = this.#along(view, elements, name, trace);
    return result;
  }

  #along(view: View, elements: readonly SearchElement[], name: string, trace?: SearchTrace): SearchResult {
    const list = this.#searchPath(view, elements);
    for (const { origin, path: directory, holds } of trace ? list.all(name) : list.holding(name)) {
      if (trace?.cut) return 'absent';
      const path = `${directory}/${name}`;
      if (!holds || Buffer.byteLength(path) >= PATH_BUFFER) {
        trace?.add({ origin, path, outcome: holds ? 'too-long' : 'absent' });
        continue;
      }
      const result = this.#open(view, path, origin, trace);
      if (result !== 'absent') return result;
    }
    return list.ends ? 'stopped' : 'absent';
  }

  #searchPath(view: View, elements: readonly SearchElement[]): SearchPath {
    let known = this.#searchPaths.get(view);
    if (!known) this.#searchPaths.set(view, (known = new WeakMap()));
    let path = known.get(elements);
    if (!path) {
      // path_open passes over ENOENT, ENOTDIR, EACCES and ENAMETOOLONG; any other error ends the search
      const rules = { view, subdirectories: [''], endsAt: (_: string, reason: string) => reason === 'loop' };
      known.set(elements, (path = new SearchPath(elements, rules)));
    }
    return path;
  }

  #runPath(node: Node): readonly SearchElement[] {
    let elements = this.#runPaths.get(node);
    if (!elements) this.#runPaths.set(node, (elements = runPath(node)));
    return elements;
  }

  /** Opens and maps a file. `stopped`: it opens but cannot be mapped, or the error ends the search. */
  #open(view: View, path: string, origin: Origin, trace?: SearchTrace): SearchResult {
    const target = follow(view, path);
    if (target.path === undefined) {
      trace?.add({ origin, path, outcome: target.reason });
      return target.reason === 'loop' ? 'stopped' : 'absent';
    }
    const object = target.kind === 'directory' ? undefined : objectAt(view, target.path);
    if (object?.facts) {
      const { facts, id } = object;
      if (facts.dynamic && isMappable(facts.header, this.#header) && fitsInMemory(facts.segments))
        return { path, real: target.path, view, facts, id, origin };
    }
    const failure = object && 'failure' in object ? object.failure : undefined;
    const code = failure instanceof ReadFailure ? failure.code : undefined;
    const outcome = code === 'EACCES' ? 'unreadable' : code === 'ENXIO' ? 'no-device' : 'invalid';
    trace?.add({ origin, path, outcome });
    return outcome === 'unreadable' ? 'absent' : 'stopped';
  }
}

/** Whether musl maps an object: it looks at the type, and reads the header as one of its own class and byte order. */
function isMappable(header: ElfHeader, own: ElfHeader): boolean {
  const isLoadable = header.type === ET_DYN || header.type === ET_EXEC;
  return isLoadable && header.class === own.class && header.endian === own.endian;
}

function isLibc({ view, real }: FoundFile): boolean {
  const symbols = symbolsAt(view, real);
  return (
    symbols !== undefined &&
    LIBC_SYMBOLS.every(name =>
      defines(symbols, {
        name,
        hash: gnuHash(name),
        version: undefined,
        file: undefined,
        weak: false,
        copy: false,
      }),
    )
  );
}

/** Splits a path (path_open, which skips empty elements). */
function elementsOf(path: string, originOf: (element: string) => Origin): SearchElement[] {
  const elements = new Set(path.split(/[:\n]/).filter(Boolean));
  return [...elements].map(element => ({ origin: originOf(element), directory: element }));
}

function runPath(node: Node): SearchElement[] {
  const { rpath, runpath } = node.facts.dynamic ?? {};
  const raw = runpath ?? rpath;
  if (raw === undefined) return [];
  // any other token invalidates the whole run path (fixup_rpath)
  if (/\$(?!ORIGIN|\{ORIGIN\})/.test(raw)) return [];
  const path = node.requester || node.origin ? node.path : node.real;
  const origin = path.slice(0, path.lastIndexOf('/'));
  const expanded = raw.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin);
  const kind = runpath === undefined ? 'rpath' : 'runpath';
  return elementsOf(expanded, element => ({ kind, owner: node.path, element }));
}

/** Reads the path file. The default applies only if there is none; a file that cannot be read leaves no path. */
function systemPath(loader: Loader): SearchElement[] {
  const prefix = loader.path.replace(/\/[^/]*$/, '').replace(/\/[^/]*$/, '');
  const file = `${prefix}${loader.pathFile ?? '/etc/ld-musl.path'}`;
  const target = follow(loader.view, file);
  if (target.path === undefined && target.reason === 'absent')
    return elementsOf(DEFAULT_PATH, element => ({ kind: 'default', element }));
  const text = readText(loader.view, file) ?? '';
  return elementsOf(text.replace(/\0[^]*/, ''), element => ({ kind: 'path-file', element }));
}
