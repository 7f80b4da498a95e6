import fs from 'node:fs';
import { basename, parent } from './path.ts';

/**
 * Opens a directory without following a final link. `O_PATH` (open(2)), which Node does not name, needs no permission to
 * list the directory; its number is the same on every machine that flix supports.
 */
const FLAGS = 0o10000000 | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
/** Handles kept open at once, of all roots: those of one directory's files are used one after the other. */
const MOST = 8;

interface Handle {
  readonly fd: number;
  readonly forget: () => void;
}

/** The oldest first. */
const handles = new Set<Handle>();

/**
 * Opens the directories of a root, so that an entry is looked up in the directory itself and not in whatever has its name
 * by then. openat2(2) with RESOLVE_NO_SYMLINKS would do this, but Node cannot call it. Instead, a directory is opened by
 * its path, `/proc/self/fd/N` tells which directory that was, and entries are then looked up below `/proc/self/fd/N`.
 *
 * Handles are closed before the event loop continues. Without /proc, entries are looked up by their paths, and nothing is
 * guaranteed.
 */
export class OpenDirectories {
  readonly #root: string;
  readonly #places = new Map<string, string>();
  /** What the kernel calls the root, empty for `/`; `undefined` before it was asked. */
  #name: string | undefined;

  /** @param root real path; empty for `/` */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Returns a path of this machine that leads to a directory of the root until the next call.
   *
   * @param directory as in a view
   * @throws a system error: `ENOENT`, or `ENOTDIR` if a component is not a directory or, by now, is a link
   */
  enter(directory: string): string {
    const known = this.#places.get(directory);
    if (known !== undefined) return known;
    const path = directory === '/' ? this.#root || '/' : this.#root + directory;
    if (!isProcMounted()) return path;
    const fd = this.#openBelowParent(directory) ?? this.#openByPath(directory, path);
    const place = placeOf(fd)!;
    this.#places.set(directory, place);
    keep({ fd, forget: () => this.#places.delete(directory) });
    return place;
  }

  #openBelowParent(directory: string): number | undefined {
    const name = basename(directory);
    const above = name === '' || name === '..' ? undefined : this.#places.get(parent(directory));
    return above === undefined ? undefined : openDirectory(`${above}/${name}`);
  }

  #openByPath(directory: string, path: string): number {
    this.#name ??= nameOf(this.#root || '/');
    const fd = openDirectory(path);
    const name = fs.readlinkSync(placeOf(fd)!);
    if (name === (directory === '/' ? this.#name || '/' : this.#name + directory)) return fd;
    fs.closeSync(fd);
    throw Object.assign(new Error(`ENOTDIR: ${path} leads through a link`), { code: 'ENOTDIR', path });
  }
}

let procMounted: boolean | undefined;

function isProcMounted(): boolean {
  return (procMounted ??= fs.statSync('/proc/self/fd', { throwIfNoEntry: false }) !== undefined);
}

/** Returns a path of this machine that leads to whatever a descriptor is open for; `undefined` without /proc. */
export function placeOf(fd: number): string | undefined {
  return isProcMounted() ? `/proc/self/fd/${fd}` : undefined;
}

function nameOf(directory: string): string {
  const fd = openDirectory(directory);
  try {
    const name = fs.readlinkSync(placeOf(fd)!);
    return name === '/' ? '' : name;
  } finally {
    fs.closeSync(fd);
  }
}

function openDirectory(path: string): number {
  try {
    return fs.openSync(path, FLAGS);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE' || handles.size === 0) throw error;
    closeAll();
    return fs.openSync(path, FLAGS);
  }
}

function keep(handle: Handle): void {
  if (handles.size === 0) setImmediate(closeAll);
  handles.add(handle);
  if (handles.size <= MOST) return;
  const [oldest] = handles;
  close(oldest!);
}

function closeAll(): void {
  for (const handle of handles) close(handle);
}

function close(handle: Handle): void {
  handles.delete(handle);
  handle.forget();
  fs.closeSync(handle.fd);
}
