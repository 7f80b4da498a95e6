import type { Remark } from '../manifest/manifest.ts';
import type { Strength } from '../needs/need.ts';
import type { ResolveOptions } from '../resolve/options.ts';
import type { View } from '../view/view.ts';
import type { Bind } from '../wrap/mounts.ts';
import type { Runner } from '../wrap/wrapping.ts';
import type { PackagePlan } from './packages/package-plan.ts';

/** Returns why a library name is left out; `undefined`: it is not. */
export type Excluded = (name: string) => string | undefined;

/** Everything that a plan depends on. */
export interface PlanRequest {
  readonly name: string;
  readonly prefix: string;
  readonly seal: 'auto' | 'none';
  /** The DESTDIR tree to be completed; `undefined`: paths of a whole root are copied to a new tree. */
  readonly tree: View | undefined;
  /** Directories of the user, whose files are added at their own paths and take precedence over all others. */
  readonly overlays: readonly View[];
  /** Remarks of earlier runs on the same tree that still apply. */
  readonly earlierRemarks: readonly Remark[];
  /** The roots that files are taken from, in the order of preference. */
  readonly roots: readonly View[];
  /** The views in which the loader's lookups run, in the order in which they are tried. */
  readonly lookups: readonly View[];
  readonly resolveOptions: ResolveOptions;
  readonly paths: readonly PathRequest[];
  readonly includes: readonly PathRequest[];
  /** What the named packages bring; `undefined`: none is named. */
  readonly packages?: PackagePlan | undefined;
  /** Libraries that programs open by name at run time: copied, too. */
  readonly dlopen: readonly string[];
  /** The weakest needs that are brought. */
  readonly needs: Strength;
  /** Whether an SBOM and the licence files of the packages are brought. */
  readonly sbom?: boolean;
  readonly excluded: Excluded;
  readonly strict: boolean;
  /** The host for which the tree is made; `undefined`: any. */
  readonly host?: View | undefined;
  /** Tells which directories of the roots are ignored: the output. */
  readonly skip: (path: string) => boolean;
}

/** Returns the private directory of an extension, unless the user chooses another. */
export function defaultPrefix(name: string): string {
  return `/usr/local/${name}`;
}

/** How programs are kept from the files of the host: they are edited, or they run in a view of their own. */
export const modes = ['flix', 'flatwrap', 'auto', 'host-bound'] as const;

/** `auto` chooses one of the others by what the programs need. */
export const DEFAULT_MODE: (typeof modes)[number] = 'auto';

/** Whether the view shows the host's directory or that of the staged root. */
export type Whose = 'host' | 'staged';

/** What a flatwrap plan depends on in addition. */
export interface WrapChoices {
  /** Stage only the requested files and their closure; else the whole root. */
  readonly trim: boolean;
  readonly etc: Whose;
  readonly var: Whose;
  readonly home: Whose;
  readonly binds: readonly Bind[];
  readonly runner: Runner;
}

/** Why a path that the user named is in the tree, for the manifest. */
const namedWhy = { requested: 'requested', included: 'included', seen: 'seen at run time' } as const;

export function whyIncluded({ seen }: PathRequest): string {
  return seen ? namedWhy.seen : namedWhy.included;
}

export function isNamedByUser(why: string): boolean {
  return Object.values<string>(namedWhy).includes(why);
}

/** A requested path; both fields are absolute, inside the root. */
export interface PathRequest {
  readonly source: string;
  /** Set only if the user named one. */
  readonly target?: string;
  /** A pattern of the user matched it. */
  readonly matched?: boolean;
  /** A run of the program opened it; the user does not know what it is for. */
  readonly seen?: boolean;
}

/** In percent: one tree for several hosts may bring this much more than one of them lacks. */
export const DEFAULT_SHARE = '10';
