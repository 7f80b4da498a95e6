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

/** A file system that is read in place. */
export interface OpenFileSystem {
  readonly entries: EntryTable;
  readonly contents: Contents;
  /** Identifies it among all file systems of this run. */
  readonly id: string;
}

/**
 * Shows a file system as a root. `open` and what it returns throw `FlixError` `bad-file-system` for a damaged file, with its
 * path.
 */
export function tableView(fileSystem: OpenFileSystem, label: string): View {
  return new TableView(fileSystem, label);
}

/** How many bytes decide the type of a file. */
const MAGIC = 4;

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
      // an image with a device is refused
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
    const name = `${this.label}: ${path}`;
    return new TableFile(
      naming(name, () => this.#contents(row)),
      this.#idOf(row),
      name,
    );
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: undefined };
  }

  #row(path: string): number {
    const row = this.#entries.find(path);
    if (row === undefined) throw new FlixError('input', 'absent', `${path} is not in ${this.label}`);
    return row;
  }

  /** Hard links have the same place. */
  #idOf(row: number): string {
    return `${this.#id}:${this.#entries.place(row)}`;
  }
}

class TableFile implements OpenFile {
  readonly size: number;
  readonly id: string;
  readonly #reader: Reader;
  readonly #name: string;

  /** @param name for messages */
  constructor(reader: Reader, id: string, name: string) {
    this.#reader = reader;
    this.#name = name;
    this.size = reader.size;
    this.id = id;
  }

  get magic(): number | undefined {
    if (this.size < MAGIC) return undefined;
    const [a, b, c, d] = this.read(0, MAGIC) as unknown as [number, number, number, number];
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  read(offset: number, length: number, into?: Buffer): Uint8Array {
    return naming(this.#name, () => this.#reader.read(offset, length, into));
  }

  close(): void {
    // nothing is open for this file alone
  }
}

/** Does work, and names the file in the `FlixError` that is thrown if it is damaged. */
function naming<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof FlixError ? error.about(name) : error;
  }
}
