import type { Bind } from '../../wrap/mounts.ts';
import type { Runner } from '../../wrap/wrapping.ts';

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
