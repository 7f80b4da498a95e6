import type { Whose } from '../plan/flatwrap/choices.ts';
import type { Runner } from '../wrap/wrapping.ts';
import type { ImageFlags } from './image-options.ts';

/** The options of `flix vendor`, as commander gives them. */
export interface VendorOptions extends ImageFlags {
  readonly name?: string;
  readonly out?: string;
  readonly staging: readonly string[];
  readonly prefix?: string;
  readonly include: readonly string[];
  readonly excludeLib: readonly string[];
  readonly dlopen: readonly string[];
  readonly seal: 'auto' | 'none';
  readonly hwcaps?: string;
  readonly strict: boolean;
  readonly pack: boolean;
  readonly output?: string;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly run: boolean;
  readonly mode: 'flix' | 'flatwrap';
  /** Neither `--trim` nor `--no-trim`: the root decides. */
  readonly trim?: boolean;
  readonly etc?: Whose;
  readonly var?: Whose;
  readonly home?: Whose;
  readonly bind: readonly string[];
  readonly bindRo: readonly string[];
  readonly runner?: Runner;
}
