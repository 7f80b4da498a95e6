import type { ElfFacts, NeededTag } from '../elf/facts.ts';
import type { View } from '../view/view.ts';
import type { Loader } from './loader.ts';

/** The rule by which the loader found an object. */
export type Origin =
  | { readonly kind: 'loaded' } // an object with this name is already loaded
  | { readonly kind: 'path' } // the name contains a slash, so there is no search
  | { readonly kind: 'rpath' | 'runpath'; readonly owner: string; readonly element: string }
  | { readonly kind: 'library-path'; readonly element: string } // LD_LIBRARY_PATH
  | { readonly kind: 'cache' } // /etc/ld.so.cache
  | { readonly kind: 'default'; readonly element: string } // compiled into the loader
  | { readonly kind: 'path-file'; readonly element: string } // musl's ld-musl-ARCH.path
  | { readonly kind: 'loader' }; // the interpreter itself

/** A path that the loader tried. `path` is literal, as the loader would print it. */
export interface Searched {
  readonly origin: Origin;
  readonly path: string;
  readonly outcome:
    | 'absent'
    | 'not-a-directory'
    | 'other-abi'
    | 'unreadable'
    | 'loop'
    | 'no-device' // a socket or a whiteout
    | 'too-long'
    | 'invalid' // musl: it opens but cannot be loaded
    | 'no-cache'
    | 'not-in-cache'
    | 'refused';
}

export interface LoadedObject {
  /** Literal, as the loader prints it: neither links nor `..` are resolved. */
  readonly path: string;
  /** The real path of the file in `view`. */
  readonly real: string;
  /** The view in which the lookup found it. With several staging roots, objects may have different ones. */
  readonly view: View;
  readonly facts: ElfFacts;
  /** Device and inode. */
  readonly id: string;
  /** Names by which other objects requested it, in order, and its path. Its DT_SONAME is included only if requested. */
  readonly names: ReadonlySet<string>;
  /** The first object that requested it; `undefined` for the entry and for preloaded objects. */
  readonly requester: LoadedObject | undefined;
  /** How it was found when it was loaded; `undefined` for the entry. */
  readonly origin: Origin | undefined;
  /** Its dependencies, in the order of its dynamic table. */
  readonly edges: readonly Edge[];
}

export interface Edge {
  readonly tag: NeededTag | 'preload';
  /** As the file has it, without expanding tokens. */
  readonly name: string;
  /** `undefined`: missing. */
  readonly to: LoadedObject | undefined;
  readonly origin: Origin | undefined;
}

export interface Missing {
  readonly name: string;
  readonly tag: NeededTag | 'preload';
  readonly requester: LoadedObject;
  /** The paths that were tried, in order. */
  readonly searched: readonly Searched[];
  /** Too many paths were tried to record all of them. */
  readonly cut: boolean;
}

/** An object that LD_PRELOAD or `/etc/ld.so.preload` names and the loader passes over; the program starts without it. */
export interface SkippedPreload {
  readonly name: string;
  readonly reason: string;
}

/** A file because of which the loader would refuse to start the program. */
export interface Fatal {
  readonly path: string;
  readonly reason: string;
  readonly requester: LoadedObject | undefined;
}

/** A symbol version that the provider does not define (glibc elf/dl-version.c). */
export interface VersionProblem {
  readonly requester: LoadedObject;
  /** The DT_NEEDED name in the Verneed entry. */
  readonly file: string;
  readonly version: string;
  /** `undefined`: no loaded object has the name `file`. */
  readonly provider: LoadedObject | undefined;
  /** The requester has packed relocations but does not require the version that they presuppose. */
  readonly unmarked: boolean;
}

/** What a name is that an object opens at run time (dlopen): each is looked up as if the process had opened no other. */
export interface OpenedName {
  readonly caller: LoadedObject;
  readonly name: string;
  /** With its own dependencies as edges; `undefined`: not found, or it cannot be loaded. */
  readonly to: LoadedObject | undefined;
  /** The rule by which it was found. */
  readonly origin: Origin | undefined;
  /** What its dependencies lack. */
  readonly missing: readonly Missing[];
}

/** What the loader loads to start an entry, from where, and why. */
export interface Closure {
  readonly entry: LoadedObject;
  /** `undefined`: the file is static, or no view contains its loader (see `interpreterMissing`). */
  readonly loader: Loader | undefined;
  /** The interpreter that the entry names, if no view contains it. */
  readonly interpreterMissing: string | undefined;
  /** In load order, without the loader. The entry comes first, after objects that its own DT_FILTER puts before it. */
  readonly objects: readonly LoadedObject[];
  readonly missing: readonly Missing[];
  readonly skippedPreloads: readonly SkippedPreload[];
  readonly fatal: Fatal | undefined;
  readonly versionProblems: readonly VersionProblem[];
  /** Names that its objects open at run time, and those that the opened objects open; see `ResolveOptions.opens`. */
  readonly openedNames: readonly OpenedName[];
}

/** Returns all objects in the process, including the loader if an object needs it by name, as every libc does. */
export function withLoader({
  objects,
  loader,
}: Pick<Closure, 'objects' | 'loader'>): readonly LoadedObject[] {
  const needed = objects.flatMap(({ edges }) => edges).find(({ to }) => to?.id === loader?.id)?.to;
  return needed && !objects.includes(needed) ? [...objects, needed] : objects;
}
