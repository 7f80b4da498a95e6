import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import {
  type FileSource,
  type Kind,
  type OpenFile,
  ReadFailure,
  type Stat,
  type View,
} from '../view/view.ts';
import type { EntryTable } from './entry-table.ts';
import type { Contents } from './reader.ts';

/** A file system that is read where it is. */
export interface OpenFileSystem {
  readonly entries: EntryTable;
  readonly contents: Contents;
  /** What no other file system of this run is called. */
  readonly id: string;
}

/** Shows a file system as a root. */
export function tableView(fileSystem: OpenFileSystem, label: string): View {
  return new TableView(fileSystem, label);
}

const HEAD = 4;

class TableView implements View {
  readonly label: string;
  readonly versions = true;
  readonly #entries: EntryTable;
  readonly #contents: Contents;
  readonly #id: string;

  constructor({ entries, contents, id }: OpenFileSystem, label: string) {
    this.label = label;
    this.#entries = entries;
    this.#contents = contents;
    this.#id = id;
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    const names = new Map<string, Kind>();
    const row = this.#entries.find(directory);
    if (row === undefined) return names;
    for (const child of this.#entries.children(row))
      names.set(this.#entries.name(child), this.#entries.kind(child));
    return names;
  }

  kind(path: string): Kind | undefined {
    const row = this.#entries.find(path);
    return row === undefined ? undefined : this.#entries.kind(row);
  }

  readlink(path: string): string {
    return this.#entries.link(this.#row(path)) ?? '';
  }

  stat(path: string): Stat {
    const row = this.#row(path);
    const { uid, gid } = this.#entries.owner(row);
    return {
      kind: this.#entries.kind(row),
      // a special file is refused
      whiteout: false,
      mode: this.#entries.mode(row),
      uid,
      gid,
      size: this.#entries.size(row),
      mtime: this.#entries.mtime(row) ?? 0,
      id: this.#idOf(row),
    };
  }

  isMountPoint(): boolean {
    return false;
  }

  open(path: string): OpenFile {
    const row = this.#entries.find(path);
    if (row === undefined) throw new ReadFailure('ENOENT', path);
    if (this.#entries.kind(row) !== 'file') throw new ReadFailure('special', path);
    return new TableFile(this.#contents(row), this.#idOf(row));
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: undefined };
  }

  #row(path: string): number {
    const row = this.#entries.find(path);
    if (row === undefined) throw new FlixError('input', 'absent', `${path} is not in ${this.label}`);
    return row;
  }

  /** Names of the same place are names of the same file. */
  #idOf(row: number): string {
    return `${this.#id}:${this.#entries.place(row)}`;
  }
}

class TableFile implements OpenFile {
  readonly size: number;
  readonly id: string;
  readonly #reader: Reader;

  constructor(reader: Reader, id: string) {
    this.#reader = reader;
    this.size = reader.size;
    this.id = id;
  }

  get magic(): number | undefined {
    if (this.size < HEAD) return undefined;
    const [a, b, c, d] = this.#reader.read(0, HEAD) as unknown as [number, number, number, number];
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  read(offset: number, length: number, into?: Buffer): Uint8Array {
    return this.#reader.read(offset, length, into);
  }

  close(): void {
    // nothing is open for this file alone
  }
}
