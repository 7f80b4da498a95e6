import type { View } from '../view/view.ts';
import type { LoadedObject } from './closure.ts';
import type { Loader } from './loader.ts';

export interface ResolveOptions {
  /** LD_LIBRARY_PATH. The loader of the entry decides at which characters it is split; several strings count as one list. */
  readonly libraryPath?: readonly string[];
  /**
   * Objects that the program opens by name once it runs. They are loaded before its dependencies, and count as needed: one
   * that cannot be loaded is missing or fatal.
   */
  readonly opened?: readonly string[];
  /** Directories that are searched last of all, although no loader would. */
  readonly lastResort?: readonly string[];
  /** The objects of LD_PRELOAD, in order. Those in `/etc/ld.so.preload` follow unless `preloadFile` is false. */
  readonly preload?: readonly string[];
  readonly preloadFile?: boolean;
  /**
   * `true` (default): the view's ld.so.cache as it is. `false`: as under `--inhibit-cache`.
   * `foresee`: as if ldconfig had just run in the view.
   */
  readonly cache?: boolean | 'foresee';
  /** With `foresee`: the layer whose files win over those of all others, in whatever directory they are. */
  readonly prefer?: View | undefined;
  /** The processor's level, such as `x86-64-v3`. None by default, so that results do not depend on the build machine. */
  readonly hwcaps?: string | undefined;
  /** The value of `$PLATFORM`; by default, that of all processors of the ABI. */
  readonly platform?: string | undefined;
  /**
   * The loader of libraries, which name none; by default, the one that `findLoader` finds. Programs, and libraries of
   * another ABI or libc, have their own.
   */
  readonly libraryLoader?: Loader | undefined;
  /** Returns the names that a loaded object opens at run time; by default, none. */
  readonly opens?: ((object: LoadedObject) => readonly string[]) | undefined;
}
