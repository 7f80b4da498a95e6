import type { StagedPackage, StageRecord } from '../view/stage-record.ts';

/** What a user may choose besides the source. */
export interface StageOptions {
  /** Packages of a distribution. */
  readonly include: readonly string[];
  /** In the spelling of systemd, Debian or the kernel; default: that of this machine. */
  readonly arch?: string | undefined;
  readonly mirror: readonly string[];
  readonly components?: string | undefined;
  readonly keyring?: string | undefined;
  readonly recommends: boolean;
}

/** A root that was staged. */
export interface StagedRoot {
  readonly record: StageRecord;
  readonly leftOut: LeftOut;
  readonly layers: number;
  /** In bytes, without holes. */
  readonly size: number;
  /** What maintainer scripts would have done; `undefined`: the source has none. */
  readonly scripts: ScriptsNotRun | undefined;
}

export interface ScriptsNotRun {
  /** The packages with scripts that were not run. */
  readonly packages: readonly string[];
  /** What flix made from data instead, as nouns: `12 alternatives`. */
  readonly made: readonly string[];
  /** What flix did not make, by the program that scripts would have called. */
  readonly missing: readonly { readonly program: string; readonly packages: readonly string[] }[];
}

/** What a source gives, apart from its tree. */
export interface SourceResult {
  readonly source: string;
  readonly digest: string;
  readonly layers: number;
  readonly packages?: readonly StagedPackage[];
  readonly scripts?: ScriptsNotRun;
  /** Whether an installation would have run ldconfig. */
  readonly writesCache?: boolean;
}

/** What the root on this machine lacks, by paths in C order. */
export interface LeftOut {
  /** Devices and FIFOs. */
  readonly special: readonly string[];
  /** Programs that lost their setuid or setgid bit. */
  readonly setId: readonly string[];
  /** Programs that lost their file capabilities. */
  readonly capabilities: readonly string[];
}
