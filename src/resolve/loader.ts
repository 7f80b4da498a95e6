import type { ElfFacts } from '../elf/facts.ts';
import type { LibcFamily } from '../libc/libc.ts';
import type { View } from '../view/view.ts';

/** A dynamic loader, as its own file describes it. */
export interface Loader {
  readonly family: LibcFamily;
  /** As PT_INTERP (or the standard path of the ABI) names it. */
  readonly path: string;
  readonly real: string;
  readonly view: View;
  readonly facts: ElfFacts;
  readonly id: string;
  /** What it answers to: the PT_INTERP string and its DT_SONAME. */
  readonly names: ReadonlySet<string>;
  /** glibc: compiled in, in their order, each ending in `/`. musl: none. */
  readonly defaultDirectories: readonly string[];
  /** glibc: the files that it reads, as compiled in; a sealed loader names none of them. */
  readonly cacheFile: string | undefined;
  readonly preloadFile: string | undefined;
  /** glibc: what `$LIB` stands for. */
  readonly lib: string | undefined;
  /** glibc: `2.36`; `undefined` if the file does not say. */
  readonly version: string | undefined;
  /**
   * Debian's and Ubuntu's glibc pass over an object of another machine before they look at its byte order and OSABI;
   * for all others these are fatal first.
   */
  readonly checksMachineFirst: boolean;
  /** musl: `/etc/ld-musl-ARCH.path`, below the directory above that of PT_INTERP. */
  readonly pathFile: string | undefined;
}
