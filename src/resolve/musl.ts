import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { normalise, parent } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Edge, Fatal, Missing, Origin, Searched, SkippedPreload } from './closure.ts';
import type { LoadResult } from './glibc.ts';
import type { Loader } from './loader.ts';
import { FatalLoad, type FoundFile, Node } from './node.ts';
import { openAll, type OpeningProcess } from './opening.ts';
import type { ResolveOptions } from './options.ts';

/** Names that musl's libc provides itself (ldso/dynlink.c, load_library: the table `reserved`). */
const RESERVED = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;
const DEFAULT_PATH = '/lib:/usr/local/lib:/usr/lib';

/**
 * Loads an entry as musl's dynamic linker does (ldso/dynlink.c): breadth-first, with one flat list of the names by which
 * objects were found. The first file that opens wins, whatever its contents.
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
  return { ...load, openedNames: load.fatal ? [] : openAll(process, load.objects, options) };
}

interface SearchElement {
  readonly origin: Origin;
  readonly directory: string;
}

class MuslProcess implements OpeningProcess {
  readonly #views: readonly View[];
  readonly #options: ResolveOptions;
  readonly #list: Node[];
  readonly #byName: Map<string, Node>;
  readonly #byId: Map<string, Node>;
  readonly #loader: Loader;
  readonly #loaderNode: Node;
  readonly #systemPath: readonly SearchElement[];
  readonly #missing: Missing[] = [];
  readonly #skippedPreloads: SkippedPreload[] = [];
  /** The object whose dependencies are being loaded. */
  #requester: Node;

  constructor(
    main: Node,
    loader: Loader,
    views: readonly View[],
    options: ResolveOptions,
    from?: MuslProcess,
  ) {
    this.#views = views;
    this.#options = options;
    this.#loader = loader;
    this.#requester = main;
    this.#byName = new Map(from ? from.#byName : []);
    this.#byId = new Map(from ? from.#byId : []);
    if (from) {
      this.#list = [...from.#list];
      this.#loaderNode = from.#loaderNode;
      this.#systemPath = from.#systemPath;
      return;
    }
    this.#list = [main];
    this.#byId.set(main.id, main);
    this.#loaderNode =
      loader.id === main.id ? main : new Node({ ...loader, origin: { kind: 'loader' } }, undefined);
    this.#byId.set(loader.id, this.#loaderNode);
    this.#byName.set(loader.path, this.#loaderNode);
    this.#systemPath = systemPath(loader);
  }

  /** Opens a name as dlopen(3) does: the requester is always the main program (ldso/dynlink.c, dlopen). */
  open(name: string): ReturnType<OpeningProcess['open']> {
    const main = this.#list[0]!;
    const process = new MuslProcess(main, this.#loader, this.#views, this.#options, this);
    try {
      const { node, origin } = process.#map(name, main);
      process.#complete(this.#list.length);
      return {
        node,
        origin,
        fresh: process.#list.slice(this.#list.length),
        missing: process.#missing,
        process,
      };
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      return { node: undefined, origin: undefined, fresh: [], missing: [], process };
    }
  }

  load(): Omit<LoadResult, 'openedNames'> {
    let fatal: Fatal | undefined;
    try {
      for (const name of this.#options.opened ?? []) this.#need(name, 'preload', this.#requester);
      for (const name of this.#options.preload ?? []) this.#preload(name, this.#requester);
      this.#complete(0);
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      fatal = { path: error.path, reason: error.reason, requester: this.#requester };
    }
    return { objects: this.#list, missing: this.#missing, skippedPreloads: this.#skippedPreloads, fatal };
  }

  /** Adds the dependencies of the objects of the list from `at` on. */
  #complete(at: number): void {
    for (let index = at; index < this.#list.length; index++) {
      this.#requester = this.#list[index]!;
      for (const { tag, name } of this.#requester.facts.dynamic?.needed ?? [])
        // musl ignores DT_AUXILIARY and DT_FILTER
        if (tag === 'needed') this.#need(name, tag, this.#requester);
    }
  }

  #need(name: string, tag: 'needed' | 'preload', requester: Node): void {
    const { node, origin } = this.#map(name, requester);
    requester.edges.push({ tag, name, to: node, origin });
    if (node) return;
    const searched: Searched[] = [];
    this.#search(name, requester, searched);
    this.#missing.push({ name, tag, requester, searched });
  }

  /** Loads a preload. musl passes over one that it cannot load (ldso/dynlink.c, load_preload). */
  #preload(name: string, requester: Node): void {
    try {
      const { node, origin } = this.#map(name, requester);
      if (node) requester.edges.push({ tag: 'preload', name, to: node, origin });
      else this.#skippedPreloads.push({ name, reason: 'it is missing' });
    } catch (error) {
      if (!(error instanceof FatalLoad)) throw error;
      this.#skippedPreloads.push({ name, reason: error.reason });
    }
  }

  #map(name: string, requester: Node): Pick<Edge, 'origin'> & { node: Node | undefined } {
    if (!name.includes('/') && RESERVED.test(name))
      return { node: this.#loaderNode, origin: { kind: 'loader' } };
    const known = this.#byName.get(name);
    if (known)
      return { node: known, origin: known === this.#loaderNode ? { kind: 'loader' } : { kind: 'loaded' } };
    const found = this.#search(name, requester);
    if (!found) return { node: undefined, origin: undefined };
    const same = this.#byId.get(found.id);
    if (same) {
      // an object gets a short name only if a search found it
      if (!name.includes('/')) this.#byName.set(name, same);
      return { node: same, origin: found.origin };
    }
    const node = new Node(found, requester);
    node.names.add(name);
    if (!name.includes('/')) this.#byName.set(name, node);
    this.#byId.set(found.id, node);
    this.#list.push(node);
    return { node, origin: found.origin };
  }

  #search(name: string, requester: Node, trace?: Searched[]): FoundFile | undefined {
    for (const view of this.#views) {
      if (name.includes('/')) {
        const found = open(view, name, { kind: 'path' }, trace);
        if (found) return found;
        continue;
      }
      for (const { origin, directory } of this.#searchPath(requester)) {
        const found = open(view, `${directory}/${name}`, origin, trace);
        if (found) return found;
      }
    }
    return undefined;
  }

  /** Returns LD_LIBRARY_PATH, the run paths of the requester and of its requesters, and the system's path, in this order. */
  #searchPath(requester: Node): SearchElement[] {
    const path = (this.#options.libraryPath ?? []).map((element): SearchElement => ({
      origin: { kind: 'library-path', element },
      directory: element,
    }));
    for (let node: Node | undefined = requester; node; node = node.requester) path.push(...runPath(node));
    const last = (this.#options.lastResort ?? []).map((element): SearchElement => ({
      origin: { kind: 'library-path', element },
      directory: element,
    }));
    return [...path, ...this.#systemPath, ...last];
  }
}

function runPath(node: Node): SearchElement[] {
  const { rpath, runpath } = node.facts.dynamic ?? {};
  const raw = runpath ?? rpath;
  if (raw === undefined) return [];
  const expanded = raw.replace(/\$(?:ORIGIN|\{ORIGIN\})/g, () => node.originDirectory);
  // any other token invalidates the whole run path (fixup_rpath)
  if (expanded.includes('$')) return [];
  const kind = runpath === undefined ? 'rpath' : 'runpath';
  return expanded
    .split(/[:\n]/)
    .filter(Boolean)
    .map(element => ({ origin: { kind, owner: node.path, element }, directory: element }));
}

function systemPath(loader: Loader): SearchElement[] {
  const prefix = parent(parent(loader.path));
  const file = normalise(`${prefix}${loader.pathFile ?? '/etc/ld-musl.path'}`);
  const text = readText(loader.view, file);
  return (text ?? DEFAULT_PATH)
    .split(/[:\n]/)
    .filter(Boolean)
    .map(element => ({
      origin: { kind: text === undefined ? 'default' : 'path-file', element },
      directory: element,
    }));
}

/** Opens a file. Throws `FatalLoad` if it opens but is not a usable object, at which musl ends the program. */
function open(view: View, path: string, origin: Origin, trace?: Searched[]): FoundFile | undefined {
  const target = follow(view, path);
  const outcome = target.path === undefined ? (target.reason === 'loop' ? 'loop' : 'absent') : undefined;
  if (target.path === undefined) {
    trace?.push({ origin, path, outcome: outcome ?? 'absent' });
    return undefined;
  }
  if (target.kind === 'directory') throw new FatalLoad(path, 'Is a directory');
  const object = objectAt(view, target.path);
  if (object.facts?.dynamic)
    return { path, real: target.path, view, facts: object.facts, id: object.id, origin };
  if (object.facts) throw new FatalLoad(path, 'Exec format error: no dynamic section');
  if (!('offset' in object.failure) && object.failure.code === 'EACCES') {
    trace?.push({ origin, path, outcome: 'unreadable' });
    return undefined;
  }
  throw new FatalLoad(path, `Exec format error: ${object.failure.message}`);
}
