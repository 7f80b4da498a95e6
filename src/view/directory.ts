import fs from 'node:fs';
import { FlixError } from '../errors.ts';
import { fileReader } from './file-reader.ts';
import { readOsRelease, rootLabel } from './os-release.ts';
import { join, parent, basename } from './path.ts';
import { type Kind, type OpenFile, ReadFailure, type Source, type Stat, type View } from './view.ts';

export interface DirectoryOptions {
  /** Default: os-release's `ID VERSION_ID`, else the directory as it was named. */
  readonly label?: string;
  /** Read objects with their symbol versions; default true. */
  readonly versions?: boolean;
}

/** A directory of this machine, seen as `/`. No file of it is opened twice by one reader, no directory listed twice. */
export function directoryView(directory: string, options: DirectoryOptions = {}): View {
  let root: string;
  try {
    root = fs.realpathSync(directory);
    if (!fs.statSync(root).isDirectory())
      throw new FlixError('input', 'not-a-directory', `${directory} is no directory`);
  } catch (error) {
    if (error instanceof FlixError) throw error;
    throw new FlixError('input', 'no-root', `${directory}: cannot be used as a root (${errno(error)})`);
  }
  return new DirectoryView(root === '/' ? '' : root, directory, options);
}

/** Whether a directory of this machine is there. */
export function hasDirectory(directory: string): boolean {
  return fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

class DirectoryView implements View {
  readonly versions: boolean;
  readonly #root: string;
  readonly #given: string;
  readonly #lists = new Map<string, ReadonlyMap<string, Kind> | undefined>();
  #label: string | undefined;

  constructor(root: string, given: string, options: DirectoryOptions) {
    this.#root = root;
    this.#given = given;
    this.#label = options.label;
    this.versions = options.versions ?? true;
  }

  get label(): string {
    return (this.#label ??= rootLabel(readOsRelease(this)) ?? this.#given);
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    return this.#names(directory) ?? nothing;
  }

  kind(path: string): Kind | undefined {
    if (path === '/') return 'directory';
    const names = this.#names(parent(path));
    if (names) return names.get(basename(path));
    // a directory that may be entered and not listed
    const stat = fs.lstatSync(this.#host(path), { throwIfNoEntry: false });
    return stat && kindOf(stat);
  }

  readlink(path: string): string {
    return fs.readlinkSync(this.#host(path));
  }

  stat(path: string): Stat {
    const stat = fs.lstatSync(this.#host(path), { bigint: true, throwIfNoEntry: false });
    if (!stat) throw new FlixError('input', 'absent', `${path} is not in ${this.label}`);
    return {
      kind: kindOf(stat),
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: Number(stat.size),
      mtime: Number(stat.mtimeMs) / 1000,
      id: `${stat.dev}:${stat.ino}`,
      device: String(stat.dev),
    };
  }

  open(path: string): OpenFile {
    try {
      return fileReader(this.#host(path), path);
    } catch (error) {
      if (error instanceof ReadFailure) throw error;
      throw new ReadFailure(errno(error), path);
    }
  }

  source(path: string): Source {
    return { view: this, path, hostPath: this.#host(path) };
  }

  #host(path: string): string {
    return path === '/' ? this.#root || '/' : this.#root + path;
  }

  /** `undefined`: it exists and may not be listed. */
  #names(directory: string): ReadonlyMap<string, Kind> | undefined {
    if (this.#lists.has(directory)) return this.#lists.get(directory);
    const names = listDirectory(this.#host(directory), directory);
    this.#lists.set(directory, names);
    return names;
  }
}

const nothing: ReadonlyMap<string, Kind> = new Map();

function listDirectory(hostPath: string, directory: string): ReadonlyMap<string, Kind> | undefined {
  try {
    const entries = fs.readdirSync(hostPath, { withFileTypes: true });
    return new Map(entries.map(entry => [entry.name, kindOf(entry)]));
  } catch (error) {
    const code = errno(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return nothing;
    if (code === 'EACCES') return undefined;
    throw new FlixError('io', 'unreadable-directory', `${join(directory, '')}: cannot be listed (${code})`);
  }
}

function kindOf(entry: Pick<fs.Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function errno(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
