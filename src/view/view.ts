import type { ElfError } from '../elf/error.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Reader } from '../elf/reader.ts';
import type { Symbols } from '../elf/symbols.ts';
import type { StageRecord } from './stage-record.ts';

/** Kind of an entry. `other` is a FIFO, socket or device and is never opened. */
export type Kind = 'file' | 'directory' | 'link' | 'other';

export interface Stat {
  readonly kind: Kind;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A character device 0:0, with which a layer of an overlayfs hides what is below. */
  readonly whiteout: boolean;
  /** In bytes. */
  readonly size: number;
  /** Modification time, in seconds since 1970. */
  readonly mtime: number;
  /** Device and inode. The loader treats two paths with the same identity as one object. */
  readonly id: string;
}

/** A regular file, opened for random access. */
export interface OpenFile extends Reader {
  readonly id: string;
  /** The first four bytes as a big-endian number; `undefined` if the file is shorter. */
  readonly magic: number | undefined;
  /**
   * A path of this machine that leads to this very file until it is closed, whatever has its name by then. Absent if the
   * file does not lie on this machine as it reads here, or without /proc.
   */
  readonly place?: string | undefined;
  close(): void;
}

/** A file as a loader sees it. */
export type ObjectFile =
  | { readonly facts: ElfFacts; readonly id: string }
  | { readonly facts: undefined; readonly failure: ElfError | ReadFailure };

/** A package in a host profile. */
export type PackageEntry = readonly [name: string, version: string];

/**
 * Recorded facts about files that cannot be opened: a host profile contains these instead of the files' bytes. Paths are
 * real; `undefined` means that nothing was recorded.
 */
export interface FileRecord {
  object(path: string): ObjectFile | undefined;
  symbols(path: string): Symbols | undefined;
  /** As `shortDigest` computes it. */
  digest(path: string): string | undefined;
  /** The name and version of the package that owns an ELF file. */
  package(path: string): PackageEntry | undefined;
}

/**
 * A root as seen from inside: a directory, an image, a host profile or a merged stack.
 *
 * Every path is absolute, normalised and real: no component before the last is a link. `follow` turns other paths into
 * such paths. Since only `follow` follows links, nothing outside the root can be reached.
 */
export interface View {
  /** Name for messages and the manifest: `debian 12`, or the path that the user gave. */
  readonly label: string;
  /** Whether objects of this view are read with their symbol versions. */
  readonly versions: boolean;
  /** Lists a directory in C order. Empty if the directory does not exist or may not be read. */
  list(directory: string): ReadonlyMap<string, Kind>;
  /** Returns the kind of an entry; `undefined` if it does not exist. */
  kind(path: string): Kind | undefined;
  /** Returns the target of a link as it is stored. */
  readlink(path: string): string;
  /** Throws `FlixError` if the path does not exist. */
  stat(path: string): Stat;
  /** Returns whether another file system is mounted on this directory, so that its contents do not belong to the root. */
  isMountPoint(directory: string): boolean;
  /**
   * Opens a regular file. Throws `ReadFailure`; never blocks.
   * @param kind the kind, if the caller knows it from a listing
   */
  open(path: string, kind?: Kind): OpenFile;
  /** Present if few files can be opened; describes the others. */
  readonly record?: FileRecord;
  /** What “flix stage” recorded of this root, where the view applies it. */
  readonly staged?: StageRecord | undefined;
  /** Returns where an entry comes from: this view for a plain root, the layer for a stack. */
  source(path: string): FileSource;
}

export interface FileSource {
  readonly view: View;
  readonly path: string;
  /** The path on this machine from which the file can be copied, if there is one. */
  readonly hostPath: string | undefined;
}

/** Thrown for a file that exists but cannot be read. */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure';
  /** An errno name (`EACCES`, `EIO`; `ENXIO` for a socket or whiteout), or `special` for a FIFO, device or directory. */
  readonly code: string;
  readonly path: string;

  constructor(code: string, path: string) {
    super(
      code === 'special' || code === 'ENXIO'
        ? `${path} is not a regular file`
        : `${path} cannot be read (${code})`,
    );
    this.code = code;
    this.path = path;
  }
}
