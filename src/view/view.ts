import type { ElfError } from '../elf/error.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Reader } from '../elf/reader.ts';
import type { Symbols } from '../elf/symbols.ts';

/** `other`: a FIFO, socket or device. It is never opened. */
export type Kind = 'file' | 'directory' | 'link' | 'other';

export interface Stat {
  readonly kind: Kind;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A character device 0:0, by which a layer of an overlayfs hides what is below. */
  readonly whiteout: boolean;
  /** In bytes. */
  readonly size: number;
  /** Of the content, in seconds since 1970. */
  readonly mtime: number;
  /** Device and inode: the loader takes two paths with one identity for one object. */
  readonly id: string;
}

/** A regular file, opened for random access. */
export interface OpenFile extends Reader {
  readonly id: string;
  /** Its first four bytes as a big-endian number; `undefined`: it has fewer. */
  readonly magic: number | undefined;
  close(): void;
}

/** What a file is to a loader that opens it. */
export type ObjectFile =
  | { readonly facts: ElfFacts; readonly id: string }
  | { readonly facts: undefined; readonly failure: ElfError | ReadFailure };

/**
 * What was noted of files that cannot be opened any more: a host profile has this instead of their bytes.
 * Paths are real; `undefined`: nothing was noted.
 */
export interface FileRecord {
  object(path: string): ObjectFile | undefined;
  symbols(path: string): Symbols | undefined;
  /** As `shortDigest` computes it. */
  digest(path: string): string | undefined;
}

/**
 * What a root looks like from inside: a directory, an image, a host profile or a merged stack.
 *
 * Every path is absolute, normalised and real, that is: no component before the last is a link. `follow` makes
 * such paths of any others. Nothing outside the root is ever reached, since links are followed by `follow` alone.
 */
export interface View {
  /** For messages and the manifest: `debian 12`, or what the user called it. */
  readonly label: string;
  /** Whether objects of this view are read with their symbol versions. */
  readonly versions: boolean;
  /** Names in a directory, in C order whatever the file system's is; empty if there is no such directory, or it may not be read. */
  list(directory: string): ReadonlyMap<string, Kind>;
  /** `undefined`: there is nothing. */
  kind(path: string): Kind | undefined;
  /** The text of a link. */
  readlink(path: string): string;
  /** Throws `FlixError` if there is nothing. */
  stat(path: string): Stat;
  /** Another file system is mounted on this directory, so that what is in it is not the root's own. */
  isMountPoint(directory: string): boolean;
  /**
   * Opens a regular file. Throws `ReadFailure`; never blocks.
   * @param kind if the caller has it from a listing
   */
  open(path: string, kind?: Kind): OpenFile;
  /** There, few files can be opened, and the others are known from this. */
  readonly record?: FileRecord;
  /** Where the entry really comes from: itself for a plain root, the layer for a stack. */
  source(path: string): FileSource;
}

export interface FileSource {
  readonly view: View;
  readonly path: string;
  /** Where a tool that copies finds the bytes: a path of this machine, if there is one. */
  readonly hostPath: string | undefined;
}

/** A file that is there and cannot be read as one. */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure';
  /** An errno name (`EACCES`, `EIO`), or `special`: a FIFO, socket, device or directory. */
  readonly code: string;

  constructor(code: string, path: string) {
    super(code === 'special' ? `${path} is no regular file` : `${path} cannot be read (${code})`);
    this.code = code;
  }
}
