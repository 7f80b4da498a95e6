import type { Kind } from '../view/view.ts';
import { basename, join, parent } from '../view/path.ts';
import { hostile, type ImageEntry } from './entry.ts';

const KINDS: readonly Kind[] = ['file', 'directory', 'link', 'other'];
const MODE_BITS = 12;
const MODE = 0o7777;
const NO_PARENT = -1;
const FIRST_ROWS = 1024;

/**
 * The entries of a file system, in columns: an image can have a million of them, and an object for each would take several
 * times the memory. Iterates over them in the order in which they were added.
 */
export class EntryTable implements Iterable<ImageEntry> {
  readonly #names: string[] = [];
  #parents = new Int32Array(FIRST_ROWS);
  #modes = new Uint16Array(FIRST_ROWS);
  #uids = new Uint32Array(FIRST_ROWS);
  #gids = new Uint32Array(FIRST_ROWS);
  #sizes = new Float64Array(FIRST_ROWS);
  /** NaN if the tool does not report it. */
  #times = new Float64Array(FIRST_ROWS);
  #places = new Float64Array(FIRST_ROWS);
  // few entries have these
  readonly #links = new Map<number, string>();
  readonly #attributes = new Map<number, NonNullable<ImageEntry['attributes']>>();
  readonly #holes = new Map<number, number>();
  /** The row of each directory, by path. */
  readonly #directories = new Map<string, number>();
  #children: Children | undefined;
  /** The directory whose path was computed last. */
  #last = { row: NO_PARENT, path: '' };
  #lookUp = noLookUp();

  get length(): number {
    return this.#names.length;
  }

  /**
   * Adds an entry behind the others. Throws `FlixError` `hostile-image` if its directory was not added before, unless the
   * entry is the first.
   *
   * @param place see `place`
   */
  add(entry: ImageEntry, place = 0): void {
    const row = this.#names.length;
    const { path, kind, link, attributes, holeFrom } = entry;
    const directory = path === '/' ? undefined : this.#directories.get(parent(path));
    if (row > 0 && directory === undefined)
      throw hostile(`it contains ${path} inside something that is not a directory`);
    if (row === this.#parents.length) this.#grow();
    this.#names.push(directory === undefined ? path : basename(path));
    this.#parents[row] = directory ?? NO_PARENT;
    this.#modes[row] = (KINDS.indexOf(kind) << MODE_BITS) | entry.mode;
    this.#uids[row] = entry.uid;
    this.#gids[row] = entry.gid;
    this.#sizes[row] = entry.size;
    this.#times[row] = entry.mtime ?? NaN;
    this.#places[row] = place;
    if (link !== undefined) this.#links.set(row, link);
    if (attributes) this.#attributes.set(row, attributes);
    if (holeFrom !== undefined) this.#holes.set(row, holeFrom);
    if (kind === 'directory') this.#directories.set(path, row);
    this.#children = undefined;
    this.#lookUp = noLookUp();
  }

  *[Symbol.iterator](): Generator<ImageEntry> {
    for (let row = 0; row < this.length; row++) yield this.entry(row);
  }

  /** Yields the entries in the order of their paths. */
  *sorted(): Generator<ImageEntry> {
    if (this.length === 0) return;
    yield this.entry(0);
    yield* this.#below(0);
  }

  /** Yields what a directory contains. Other entries may precede the contents of a subdirectory: `/a`, `/a-b`, `/a/b`. */
  *#below(directory: number): Generator<ImageEntry> {
    const waiting: { readonly key: string; readonly row: number }[] = [];
    for (const row of this.children(directory)) {
      const name = this.#names[row]!;
      for (let first = waiting[0]; first && first.key < name; first = waiting[0]) {
        waiting.shift();
        yield* this.#below(first.row);
      }
      yield this.entry(row);
      if (this.kind(row) !== 'directory') continue;
      waiting.push({ key: `${name}/`, row });
      waiting.sort((a, b) => (a.key < b.key ? -1 : 1));
    }
    for (const { row } of waiting) yield* this.#below(row);
  }

  entry(row: number): ImageEntry {
    const [link, mtime] = [this.link(row), this.mtime(row)];
    const [attributes, holeFrom] = [this.#attributes.get(row), this.#holes.get(row)];
    return {
      path: this.path(row),
      kind: this.kind(row),
      mode: this.mode(row),
      uid: this.#uids[row]!,
      gid: this.#gids[row]!,
      size: this.#sizes[row]!,
      ...(mtime !== undefined && { mtime }),
      ...(link !== undefined && { link }),
      ...(attributes && { attributes }),
      ...(holeFrom !== undefined && { holeFrom }),
    };
  }

  path(row: number): string {
    const above = this.#parents[row]!;
    const name = this.#names[row]!;
    if (above === NO_PARENT) return name;
    // callers ask for the entries of one directory in a row
    if (above !== this.#last.row) this.#last = { row: above, path: this.path(above) };
    return join(this.#last.path, name);
  }

  name(row: number): string {
    return this.#names[row]!;
  }

  kind(row: number): Kind {
    return KINDS[this.#modes[row]! >> MODE_BITS]!;
  }

  owner(row: number): { readonly uid: number; readonly gid: number } {
    return { uid: this.#uids[row]!, gid: this.#gids[row]! };
  }

  mode(row: number): number {
    return this.#modes[row]! & MODE;
  }

  mtime(row: number): number | undefined {
    const mtime = this.#times[row]!;
    return Number.isNaN(mtime) ? undefined : mtime;
  }

  link(row: number): string | undefined {
    return this.#links.get(row);
  }

  size(row: number): number {
    return this.#sizes[row]!;
  }

  /** Returns the number under which the reader of the file system finds an entry. Hard links have the same one. */
  place(row: number): number {
    return this.#places[row]!;
  }

  setPlace(row: number, place: number): void {
    this.#places[row] = place;
  }

  /** Returns the extended attributes that matter to an extension, by path. */
  attributes(): ReadonlyMap<string, NonNullable<ImageEntry['attributes']>> {
    return new Map([...this.#attributes].map(([row, named]) => [this.path(row), named]));
  }

  /** Returns the row of an entry; `undefined` if there is none. @param path absolute; links are not followed */
  find(path: string): number | undefined {
    const slash = path.lastIndexOf('/');
    // comparing the path of the directory is cheaper than hashing it
    if (slash !== this.#lookUp.path.length || !path.startsWith(this.#lookUp.path)) {
      const above = path.slice(0, slash);
      this.#lookUp = { path: above, row: this.#directories.get(above || '/'), at: 0 };
    }
    const directory = this.#lookUp.row;
    const name = path.slice(slash + 1);
    if (name === '') return path === '/' ? this.#directories.get(path) : undefined;
    if (directory === undefined) return this.#directories.get(path);
    const rows = this.children(directory);
    // most look-ups are for the same entry again or for the next one
    const { at } = this.#lookUp;
    for (let next = at; next < Math.min(at + 2, rows.length); next++)
      if (this.#names[rows[next]!] === name) {
        this.#lookUp.at = next;
        return rows[next];
      }
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#names[rows[middle]!]! < name) low = middle + 1;
      else high = middle;
    }
    const row = rows[low];
    if (row === undefined || this.#names[row] !== name) return undefined;
    this.#lookUp.at = low;
    return row;
  }

  /** Returns the rows of what a directory contains, sorted by name. */
  children(directory: number): Int32Array {
    this.#children ??= childrenOf(this.#parents.subarray(0, this.length), this.#names);
    const { starts, rows } = this.#children;
    return rows.subarray(starts[directory], starts[directory + 1]);
  }

  #grow(): void {
    this.#parents = doubled(this.#parents);
    this.#modes = doubled(this.#modes);
    this.#uids = doubled(this.#uids);
    this.#gids = doubled(this.#gids);
    this.#sizes = doubled(this.#sizes);
    this.#times = doubled(this.#times);
    this.#places = doubled(this.#places);
  }
}

/** The directory in which an entry was looked up last. */
interface LookUp {
  /** Without a slash at its end. */
  readonly path: string;
  readonly row: number | undefined;
  /** The index of the entry among the children of the directory. */
  at: number;
}

function noLookUp(): LookUp {
  return { path: '\0', row: undefined, at: 0 };
}

interface Children {
  /** Where the children of each row begin in `rows`; one more than there are rows. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

function childrenOf(parents: Int32Array, names: readonly string[]): Children {
  const starts = new Int32Array(parents.length + 1);
  for (const above of parents) if (above !== NO_PARENT) starts[above + 1]!++;
  for (let row = 0; row < parents.length; row++) starts[row + 1]! += starts[row]!;
  const rows = new Int32Array(starts[parents.length]!);
  const next = starts.slice();
  for (let row = 0; row < parents.length; row++) {
    const above = parents[row]!;
    if (above !== NO_PARENT) rows[next[above]!++] = row;
  }
  for (let row = 0; row < parents.length; row++) {
    const own = rows.subarray(starts[row], starts[row + 1]);
    if (!isSorted(own, names)) own.sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
  }
  return { starts, rows };
}

function isSorted(rows: Int32Array, names: readonly string[]): boolean {
  for (let at = 1; at < rows.length; at++) if (names[rows[at]!]! < names[rows[at - 1]!]!) return false;
  return true;
}

function doubled<T extends Int32Array | Uint16Array | Uint32Array | Float64Array>(values: T): T {
  const larger = new (values.constructor as new (length: number) => T)(2 * values.length);
  larger.set(values);
  return larger;
}
