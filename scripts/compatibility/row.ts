export const releases = ['bookworm', 'trixie'] as const;
export type Release = (typeof releases)[number];

export const kinds = [
  'terminal programs',
  'servers',
  'interpreters',
  'multimedia',
  'suites',
  'accounts and authentication',
  'locales and encodings',
  'graphical programs',
  'Go, Rust and virtual environments',
  'setuid programs',
  'tools',
] as const;
export type Kind = (typeof kinds)[number];

/** A screen to wait for, and the keys, by tmux's names, that answer it. */
export type Screen = readonly [shows: RegExp, ...keys: string[]];

/** An unmodified program of a release, what to vendor, and work that shows that it works. */
export interface Row {
  readonly name: string;
  /** Default: all of them. */
  readonly releases?: readonly Release[];
  /** Packages that the staging root contains. */
  readonly install: readonly string[];
  /** A shell command without single quotes that runs in the staging root when that is made. */
  readonly prepare?: string;
  /** What the command line of `flix vendor` names: one package, or the paths of programs. Nothing else. */
  readonly vendor: readonly string[];
  /** Input and configuration: contents by their paths, which are outside /usr. */
  readonly files?: Readonly<Record<string, string>>;
  /** A shell script that makes further input in /data, run in the staging root beforehand. */
  readonly make?: string;
  /**
   * A shell script that runs in the staging root beside the work, with the same /data and network: a display, a client that
   * asks a server.
   */
  readonly beside?: string;
  /**
   * The work, as a shell script in /data. A static busybox runs it and provides its commands (sleep, wget, grep …), so
   * programs of the row are named by their paths. Processes that it leaves behind are killed.
   */
  readonly work: string;
  /** What the output must show. */
  readonly prints?: RegExp;
  /** The work runs in a terminal; each screen must appear, and the work must end with status 0. */
  readonly screens?: readonly Screen[];
  /** The cheapest invocation of a wrapper, for start-up times; default: the first program of the work, with `--version`. */
  readonly start?: readonly string[];
  /** The user who works; default root. */
  readonly uid?: number;
  /** A limit for the work, in seconds; default 120. */
  readonly limit?: number;
}

export interface KindOfRow extends Row {
  readonly kind: Kind;
}

/** The modes of `flix vendor` that the page compares. */
export const modes = ['flix', 'flatwrap', 'auto'] as const;
export type Mode = (typeof modes)[number];

/** Where a row is tried. */
export interface Places {
  /** The root from which programs are vendored. */
  readonly staging: string;
  /** The root of a minimal host of the other release. */
  readonly host: string;
  /** A directory of this row's own. */
  readonly scratch: string;
}

/** Names the rows of a release and a mode. */
export function groupName(release: Release, mode: Mode): string {
  return mode === 'flix' ? release : `${release} with --mode ${mode}`;
}
