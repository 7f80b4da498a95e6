import { DF_1_NODEFLIB } from '../elf/constants.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { type CacheEntry, type LdCache, ldCacheAt } from '../view/ld-cache.ts';
import type { View } from '../view/view.ts';
import { usableHwcaps } from './hwcaps.ts';
import { abiOf, machineOf } from '../elf/machine.ts';
import type { Origin, Searched } from './closure.ts';
import { foresee } from './foreseen-cache.ts';
import { type Loader, minorVersion } from './loader.ts';
import type { FoundFile, Node } from './node.ts';
import type { ResolveOptions } from './options.ts';
import { pathIn, type SearchElement, SearchPath, type SearchTrace } from './search-path.ts';
import { type ObjectRules, type ProbeResult, probe } from './probe.ts';
import { expandTokens } from './tokens.ts';

/** Searches for names in one view as one glibc loader does (elf/dl-load.c, _dl_map_object). */
export class GlibcSearch {
  readonly view: View;
  readonly #loader: Loader | undefined;
  readonly #abi: ElfHeader;
  readonly #options: ResolveOptions;
  readonly #minor: number;
  readonly #hwcaps: readonly string[];
  readonly #rules: ConstructorParameters<typeof SearchPath>[1];
  readonly #objects: ObjectRules;
  readonly #defaults: SearchPath;
  readonly #lastResort: SearchPath;
  readonly #nowhere: SearchPath;
  readonly #libraryPaths = new WeakMap<Node, SearchPath>();
  /** Up to 2.40, ENOTDIR ends the search of a list of directories, as ELOOP does. */
  readonly #stopsAtNotDirectory: boolean;
  readonly #runPaths = new WeakMap<Node, SearchPath>();
  /** Results of searches that do not depend on the requester: cache and default directories. */
  readonly #plain = new Map<string, FoundFile | undefined>();

  constructor(view: View, loader: Loader | undefined, abi: ElfHeader, options: ResolveOptions) {
    this.view = view;
    this.#loader = loader;
    this.#abi = abi;
    this.#options = options;
    this.#minor = minorVersion(loader);
    // loaders look for glibc-hwcaps since 2.33
    this.#hwcaps = this.#minor < 33 ? [] : usableHwcaps(abi, options.hwcaps);
    this.#stopsAtNotDirectory = this.#minor <= 40;
    this.#objects = {
      machineFirst: loader?.checksMachineFirst ?? false,
      pageAligned: this.#minor < 35,
    };
    this.#rules = {
      view,
      subdirectories: [
        ...this.#hwcaps.map(name => `glibc-hwcaps/${name}`),
        ...(this.#minor > 36 ? [] : legacySubdirectories(abi)),
        '',
      ],
      // the loader takes a relative directory for existing, and then stops at the error (elf/dl-load.c, fillin_rpath)
      endsAt: (directory, reason) =>
        !directory.startsWith('/') && (reason === 'loop' || this.#stopsAtNotDirectory),
    };
    const defaults = loader?.defaultDirectories ?? [];
    this.#defaults = this.#list(
      defaults.map(text => ({ origin: { kind: 'default', element: text }, directory: trimSlashes(text) })),
    );
    this.#nowhere = this.#list([]);
    this.#lastResort = this.#list((options.lastResort ?? []).map(libraryPathElement));
  }

  /**
   * Returns the first file that a search for `name` on behalf of `requester` opens, or `undefined`.
   * @param trace receives every path that was tried
   */
  find(name: string, requester: Node, main: Node, trace?: SearchTrace): FoundFile | undefined {
    return (
      this.#byRpath(name, requester, main, trace) ??
      this.#along(this.#libraryPath(main), name, trace) ??
      this.#along(this.#runPath(requester, 'runpath'), name, trace) ??
      this.#byDefault(name, requester, trace) ??
      this.#along(this.#lastResort, name, trace)
    );
  }

  /** Opens a name with a slash as it is; `undefined` if it cannot be opened. */
  open(path: string, origin: Origin, trace?: SearchTrace): FoundFile | undefined {
    const result = probe(this.view, path, this.#abi, this.#objects);
    return this.#found(result, path, origin, trace);
  }

  /** Expands tokens; `undefined` if a token has no value. */
  expand(text: string, node: Node): string | undefined {
    if (!text.includes('$')) return text;
    return expandTokens(text, {
      ORIGIN: node.originDirectory,
      LIB: this.#loader?.lib,
      PLATFORM: this.#options.platform ?? abiOf(this.#abi)?.platform,
    });
  }

  /** Searches the RPATH of the requester, of the object that first requested it, and so on, then that of the main program. */
  #byRpath(name: string, requester: Node, main: Node, trace?: SearchTrace): FoundFile | undefined {
    if (requester.facts.dynamic?.runpath !== undefined) return undefined;
    let last = requester;
    for (let node: Node | undefined = requester; node; node = node.requester) {
      const found = this.#along(this.#runPath(node, 'rpath'), name, trace);
      if (found) return found;
      last = node;
    }
    // the main program's RPATH applies even to a preloaded object, which has no requester
    return main !== last ? this.#along(this.#runPath(main, 'rpath'), name, trace) : undefined;
  }

  #byDefault(name: string, requester: Node, trace?: SearchTrace): FoundFile | undefined {
    const closed = ((requester.facts.dynamic?.flags1 ?? 0) & DF_1_NODEFLIB) !== 0;
    if (trace) return this.#searchDefault(name, closed, trace);
    const key = closed ? `!${name}` : name;
    if (this.#plain.has(key)) return this.#plain.get(key);
    const found = this.#searchDefault(name, closed);
    this.#plain.set(key, found);
    return found;
  }

  #searchDefault(name: string, closed: boolean, trace?: SearchTrace): FoundFile | undefined {
    const found = this.#byCache(name, closed, trace);
    return found ?? (closed ? undefined : this.#along(this.#defaults, name, trace));
  }

  #byCache(name: string, closed: boolean, trace?: SearchTrace): FoundFile | undefined {
    const file = this.#loader?.cacheFile;
    if (this.#options.cache === false || file === undefined) return undefined;
    const origin: Origin = { kind: 'cache' };
    const foreseen = this.#options.cache === 'foresee';
    const entry = foreseen ? this.#foresee(name) : this.#cached(file, name);
    if (!entry) {
      trace?.add({
        origin,
        path: file,
        outcome: foreseen || this.#acceptedCache(file) ? 'not-in-cache' : 'no-cache',
      });
      return undefined;
    }
    const defaults = this.#loader?.defaultDirectories ?? [];
    if (closed && defaults.some(directory => entry.startsWith(directory))) {
      trace?.add({ origin, path: entry, outcome: 'refused' });
      return undefined;
    }
    return this.open(entry, origin, trace);
  }

  /** Returns the path of the entry that the loader chooses (elf/dl-cache.c, search_cache). */
  #cached(file: string, name: string): string | undefined {
    const abi = abiOf(this.#abi);
    const entries = (
      this.#acceptedCache(file)?.lookup(name, machineOf(this.#abi)?.signedChar === true) ?? []
    ).filter(entry => entry.flags === abi?.cacheFlags || entry.flags === abi?.otherCacheFlags);
    let best: CacheEntry | undefined;
    let bestLevel = Infinity;
    for (const entry of entries) {
      if (entry.hwcap !== undefined) {
        const level = this.#hwcaps.indexOf(entry.hwcap);
        if (level < 0 || level >= bestLevel) continue;
        [best, bestLevel] = [entry, level];
        continue;
      }
      // before 2.33, an entry with a stated ABI still wins over one without
      if (best && (this.#minor >= 33 || entry.flags !== abi?.cacheFlags)) continue;
      if (this.#isUsable(entry)) best = entry;
      if (best?.flags === abi?.cacheFlags) break;
    }
    return best?.path;
  }

  /** Returns the cache unless the loader refuses it for its byte order (cache_file_new_matches_endian). */
  #acceptedCache(file: string): LdCache | undefined {
    const cache = ldCacheAt(this.view, file);
    if (cache?.endian !== this.#abi.endian) return undefined;
    const own = this.#abi.endian === 'little' ? 2 : 3;
    return cache.declared === 0 || (cache.declared & 3) === own ? cache : undefined;
  }

  /** Whether every processor of the machine may use an entry of the old scheme, which ended with 2.36. */
  #isUsable({ legacyHwcaps }: CacheEntry): boolean {
    if (legacyHwcaps === 0n) return true;
    if (this.#minor > 36) return false;
    const { legacyHwcaps: own = [], legacyPlatformBit } = machineOf(this.#abi) ?? {};
    const bits = [TLS_BIT, ...own.map(({ bit }) => bit), legacyPlatformBit ?? []].flat();
    return (legacyHwcaps & ~bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)) === 0n;
  }

  #foresee(name: string): string | undefined {
    return foresee(this.view, name, this.#loader?.defaultDirectories ?? [], this.#abi, this.#options.prefer);
  }

  #list(elements: readonly SearchElement[]): SearchPath {
    return new SearchPath(elements, this.#rules);
  }

  #along(list: SearchPath, name: string, trace?: SearchTrace): FoundFile | undefined {
    for (const { origin, path: directory, plain, holds } of trace ? list.all(name) : list.holding(name)) {
      if (trace?.cut) return undefined;
      const path = pathIn(directory, name);
      if (!holds) {
        if (plain) trace?.add({ origin, path, outcome: 'absent' });
        continue;
      }
      const result = isTooLong(path)
        ? ({ outcome: 'too-long' } as const)
        : probe(this.view, path, this.#abi, this.#objects);
      const found = this.#found(result, path, origin, trace);
      if (found) return found;
      if (plain && this.#endsList(result.outcome)) return undefined;
    }
    return undefined;
  }

  /** Whether open_path abandons the whole list: at any errno except ENOENT and EACCES, and since 2.41 ENOTDIR. */
  #endsList(outcome: Searched['outcome'] | 'found'): boolean {
    if (outcome === 'not-a-directory') return this.#stopsAtNotDirectory;
    return outcome === 'loop' || outcome === 'no-device' || outcome === 'too-long';
  }

  #found(
    result: ProbeResult | { readonly outcome: 'too-long' },
    path: string,
    origin: Origin,
    trace?: SearchTrace,
  ): FoundFile | undefined {
    if (result.outcome === 'found')
      return { path, real: result.real, view: this.view, facts: result.facts, id: result.id, origin };
    trace?.add({ origin, path, outcome: result.outcome });
    return undefined;
  }

  /** In LD_LIBRARY_PATH, `$ORIGIN` is that of the main program. */
  #libraryPath(main: Node): SearchPath {
    const given = this.#options.libraryPath ?? [];
    if (given.length === 0) return this.#nowhere;
    let path = this.#libraryPaths.get(main);
    if (!path) {
      const elements = given
        .flatMap(text => text.split(/[:;]/))
        .flatMap(element => {
          const expanded = this.expand(element, main);
          if (expanded === undefined) return [];
          return [{ origin: { kind: 'library-path', element } as const, directory: trimSlashes(expanded) }];
        });
      this.#libraryPaths.set(main, (path = this.#list(elements)));
    }
    return path;
  }

  #runPath(node: Node, kind: 'rpath' | 'runpath'): SearchPath {
    const { rpath, runpath } = node.facts.dynamic ?? {};
    // RUNPATH disables an object's RPATH, even for the objects that it requested
    const text = kind === 'runpath' ? runpath : runpath === undefined ? rpath : undefined;
    if (!text) return this.#nowhere;
    let path = this.#runPaths.get(node);
    if (!path) {
      const elements = [...new Set(text.split(':'))].flatMap(element => {
        const expanded = this.expand(element, node);
        if (expanded === undefined) return [];
        return [{ origin: { kind, owner: node.path, element } as const, directory: trimSlashes(expanded) }];
      });
      this.#runPaths.set(node, (path = this.#list(elements)));
    }
    return path;
  }
}

/** PATH_MAX counts the NUL. */
function isTooLong(path: string): boolean {
  return path.length > 1024 && Buffer.byteLength(path) >= 4096;
}

/** Relative and empty elements refer to the current directory, and the loader prints them as they are. */
function trimSlashes(directory: string): string {
  return directory.replace(/(?<=.)\/+$/, '');
}

/** `_DL_HWCAP_TLS_MASK` of glibc up to 2.36. */
const TLS_BIT = 63;

/**
 * Returns the subdirectories that every processor of the machine uses up to glibc 2.36: all combinations of `tls`, the
 * platform and the hardware capabilities, in this order (elf/dl-hwcaps.c before "Remove legacy hwcaps support", 2.37).
 */
function legacySubdirectories(abi: ElfHeader): string[] {
  const capabilities = (machineOf(abi)?.legacyHwcaps ?? []).map(({ name }) => name);
  const names = ['tls', abiOf(abi)?.platform ?? [], ...capabilities.reverse()].flat();
  const combinations: string[] = [];
  for (let chosen = 2 ** names.length - 1; chosen > 0; chosen--)
    combinations.push(names.filter((_, index) => chosen & (1 << (names.length - 1 - index))).join('/'));
  return [...new Set(combinations)];
}

function libraryPathElement(element: string) {
  return { origin: { kind: 'library-path', element } as const, directory: element };
}
