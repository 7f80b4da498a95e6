import type { ElfFacts, NeededTag } from '../elf/facts.ts';
import type { View } from '../view/view.ts';
import type { Loader } from './loader.ts';

/** Why a provider was chosen: the rule of the loader that found it. */
export type Origin =
  | { readonly kind: 'loaded' } // an object that is loaded already bears the name
  | { readonly kind: 'path' } // the name holds a slash: no search
  | { readonly kind: 'rpath' | 'runpath'; readonly owner: string; readonly element: string }
  | { readonly kind: 'library-path'; readonly element: string } // LD_LIBRARY_PATH
  | { readonly kind: 'cache' } // /etc/ld.so.cache
  | { readonly kind: 'default'; readonly element: string } // compiled into the loader
  | { readonly kind: 'path-file'; readonly element: string } // musl's ld-musl-ARCH.path
  | { readonly kind: 'loader' }; // the interpreter itself

/** One place that was looked at. `path` is literal, as the loader would print it. */
export interface Searched {
  readonly origin: Origin;
  readonly path: string;
  readonly outcome:
    | 'absent'
    | 'not-a-directory'
    | 'other-abi'
    | 'unreadable'
    | 'loop'
    | 'no-cache'
    | 'not-in-cache'
    | 'refused';
}

export interface LoadedObject {
  /** Literal, as the loader prints it: links are not resolved, `..` is not taken. */
  readonly path: string;
  /** The same file by its real path in `view`. */
  readonly real: string;
  /** The view of which the lookup found it: with several staging roots, not all objects share one. */
  readonly view: View;
  readonly facts: ElfFacts;
  /** Device and inode. */
  readonly id: string;
  /** Names under which it was asked for, the first one first, and its path; a DT_SONAME that nobody asked for is none. */
  readonly names: ReadonlySet<string>;
  /** The object that asked for it first; `undefined` for the entry and what is preloaded. */
  readonly requester: LoadedObject | undefined;
  /** Why it was chosen when it was loaded; `undefined` for the entry. */
  readonly origin: Origin | undefined;
  /** What it needs, in the order of its dynamic table. */
  readonly edges: readonly Edge[];
}

export interface Edge {
  readonly tag: NeededTag | 'preload';
  /** As it stands in the file, tokens not expanded. */
  readonly name: string;
  /** `undefined`: missing. */
  readonly to: LoadedObject | undefined;
  readonly origin: Origin | undefined;
}

export interface Missing {
  readonly name: string;
  readonly tag: NeededTag | 'preload';
  readonly requester: LoadedObject;
  readonly searched: readonly Searched[];
}

/** A file that ends the search: the loader would refuse to start the program because of it. */
export interface Fatal {
  readonly path: string;
  readonly reason: string;
  readonly requester: LoadedObject | undefined;
}

/** A version of a symbol that the provider does not define (glibc elf/dl-version.c). */
export interface VersionProblem {
  readonly requester: LoadedObject;
  /** The Verneed's file: a DT_NEEDED name. */
  readonly file: string;
  readonly version: string;
  /** `undefined`: no loaded object bears the name `file`. */
  readonly provider: LoadedObject | undefined;
  /** The requester has packed relocations, and does not require what it has to require for them. */
  readonly unmarked: boolean;
}

/** What is loaded when an entry is started, from where, and why. */
export interface Closure {
  readonly entry: LoadedObject;
  /** `undefined`: the file asks for no loader (static), or the view does not hold it: see `interpreterMissing`. */
  readonly loader: Loader | undefined;
  /** The interpreter that the entry names and no view holds. */
  readonly interpreterMissing: string | undefined;
  /** In load order, the loader not among them. The entry is the first, but for what its own DT_FILTER puts before it. */
  readonly objects: readonly LoadedObject[];
  readonly missing: readonly Missing[];
  readonly fatal: Fatal | undefined;
  readonly versionProblems: readonly VersionProblem[];
}

/** All that is in the process: the loader too, where an object needs it by name, as every libc does. */
export function withLoader({
  objects,
  loader,
}: Pick<Closure, 'objects' | 'loader'>): readonly LoadedObject[] {
  const needed = objects.flatMap(({ edges }) => edges).find(({ to }) => to?.id === loader?.id)?.to;
  return needed && !objects.includes(needed) ? [...objects, needed] : objects;
}
