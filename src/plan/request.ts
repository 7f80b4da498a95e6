import type { ResolveOptions } from '../resolve/options.ts';
import type { View } from '../view/view.ts';
import type { PathRequest } from './gather.ts';
import type { Remark } from '../manifest/manifest.ts';

/** Why a library is left out by name; `undefined`: it is not. */
export type Excluded = (name: string) => string | undefined;

/** What is to be planned. */
export interface PlanRequest {
  readonly name: string;
  readonly prefix: string;
  readonly seal: 'auto' | 'none';
  /** A DESTDIR tree that is completed; `undefined`: paths of a whole root are brought to a new tree. */
  readonly tree: View | undefined;
  /** What earlier runs in the same place had to say for good. */
  readonly earlierRemarks: readonly Remark[];
  /** Where files are taken from, the first root first. */
  readonly roots: readonly View[];
  /** What the loader would see, in the order in which lookups try them. */
  readonly lookups: readonly View[];
  readonly resolveOptions: ResolveOptions;
  readonly paths: readonly PathRequest[];
  readonly includes: readonly PathRequest[];
  /** Libraries that are opened at run time by name, and brought too. */
  readonly dlopen: readonly string[];
  readonly excluded: Excluded;
  readonly strict: boolean;
  /** Directories of the roots that are not looked into: the output. */
  readonly skip: (path: string) => boolean;
}
