import type { ResolveOptions } from '../resolve/options.ts';
import type { View } from '../view/view.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { Bind } from '../wrap/mounts.ts';
import type { Runner } from '../wrap/wrapping.ts';

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

/** Whose a directory is that the view shows. */
export type Whose = 'host' | 'staged';

/** What may be asked of a wrapped tree beyond what is asked of any. */
export interface WrapChoices {
  /** Only what was asked for and its closure; else the whole root. */
  readonly trim: boolean;
  readonly etc: Whose;
  readonly var: Whose;
  readonly home: Whose;
  readonly binds: readonly Bind[];
  readonly runner: Runner;
}

/** A path that was asked for; both inside the root, absolute. */
export interface PathRequest {
  readonly source: string;
  /** Only if the user named one. */
  readonly target?: string;
}
