import type { View } from '../view/view.ts';

export interface ResolveOptions {
  /** LD_LIBRARY_PATH, split into its elements. */
  readonly libraryPath?: readonly string[];
  /** Objects of LD_PRELOAD, in order; those of `/etc/ld.so.preload` are added unless `preloadFile` is false. */
  readonly preload?: readonly string[];
  readonly preloadFile?: boolean;
  /**
   * `true` (default): the view's ld.so.cache as it is. `false`: as under `--inhibit-cache`.
   * `foresee`: as if ldconfig had just run in the view.
   */
  readonly cache?: boolean | 'foresee';
  /** With `foresee`: the layer whose files go before all others, whatever the order of directories. */
  readonly prefer?: View | undefined;
  /** The processor's level, such as `x86-64-v3`; none by default, so that no build machine decides. */
  readonly hwcaps?: string | undefined;
  /** `$PLATFORM`; by default what every processor of the ABI has. */
  readonly platform?: string | undefined;
}
