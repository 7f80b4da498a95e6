import type { Wrapping } from '../../wrap/wrapping.ts';
import type { ExpectedClosure } from '../plan.ts';
import type { HostProgram } from '../../wrap/host-programs.ts';

/** How the programs of a staged root are run, and what is expected of it. */
export interface Wrapped {
  readonly wrapping: Wrapping;
  /** Why the view has this form. */
  readonly because: string;
  /** The whole root is staged, not just what was asked for with its closure. */
  readonly whole: boolean;
  /** What the wrappers call on the host. */
  readonly needs: readonly HostProgram[];
  /** What each loader of the staged root must list; paths are those inside the view. */
  readonly loaders: readonly StagedLoader[];
}

export interface StagedLoader {
  /** As PT_INTERP names it. */
  readonly path: string;
  readonly expected: readonly ExpectedClosure[];
}
