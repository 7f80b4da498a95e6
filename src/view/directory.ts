import fs from 'node:fs';
import nodePath from 'node:path';
import { FlixError } from '../errors.ts';
import { fileReader } from './file-reader.ts';
import { readOsRelease, rootLabel } from './os-release.ts';
import { basename, join, parent } from './path.ts';
import { type Kind, type OpenFile, ReadFailure, type FileSource, type Stat, type View } from './view.ts';

export interface DirectoryOptions {
  /** Default: `ID VERSION_ID` of os-release, otherwise the directory as the user gave it. */
  readonly label?: string;
  /** Whether to read objects with their symbol versions; default: true. */
  readonly versions?: boolean;
}

/** Shows a directory of this machine as `/`. Lists each directory only once. */
export function directoryView(directory: string, options: DirectoryOptions = {}): View {
  const root = realDirectory(directory);
  return new DirectoryView(root === '/' ? '' : root, directory, options);
}

function realDirectory(directory: string): string {
  // realpath(3) refuses it, but Node takes it for the current directory
  if (directory === '')
    throw new FlixError(
      'input',
      'no-root',
      'an empty path is not a root',
      'Check whether a variable of a script is unset.',
    );
  let root: string;
  try {
    root = fs.realpathSync(directory);
  } catch (error) {
    throw new FlixError(
      'input',
      'no-root',
      `${directory}: cannot be used as a root (${errno(error)})`,
      'Name the directory that is to be seen as /.',
    );
  }
  if (fs.statSync(root).isDirectory()) return root;
  throw new FlixError(
    'input',
    'not-a-directory',
    `${directory} is not a directory`,
    'Unpack an archive or an image before using it as a root.',
  );
}

/** Returns the kind of a path of this machine without following a link; `undefined` if it cannot be accessed. */
export function kindAt(place: string): Kind | undefined {
  try {
    return kindOf(fs.lstatSync(place));
  } catch {
    return undefined;
  }
}

/** Resolves the links in a path of this machine, whether or not all of it exists. */
export function realPlace(place: string): string {
  try {
    return fs.realpathSync(place);
  } catch {
    const above = nodePath.dirname(place);
    return above === place ? place : nodePath.join(realPlace(above), nodePath.basename(place));
  }
}

class DirectoryView implements View {
  readonly versions: boolean;
  readonly #root: string;
  readonly #given: string;
  readonly #lists = new Map<string, ReadonlyMap<string, Kind> | undefined>();
  #label: string | undefined;
  #mounts: ReadonlySet<string> | 'unknown' | undefined;

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
    // the parent cannot be listed, but perhaps entered
    return kindAt(this.#host(path));
  }

  readlink(path: string): string {
    return fs.readlinkSync(this.#host(path));
  }

  stat(path: string): Stat {
    const stat = fs.lstatSync(this.#host(path), { bigint: true, throwIfNoEntry: false });
    if (!stat) throw notThere(path, this.label);
    return {
      kind: kindOf(stat),
      whiteout: stat.isCharacterDevice() && stat.rdev === 0n,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: Number(stat.size),
      mtime: Number(stat.mtimeMs) / 1000,
      id: `${stat.dev}:${stat.ino}`,
    };
  }

  isMountPoint(directory: string): boolean {
    this.#mounts ??= mountPoints() ?? 'unknown';
    if (this.#mounts !== 'unknown') return this.#mounts.has(this.#host(directory));
    const device = (path: string) => fs.lstatSync(this.#host(path)).dev;
    return directory !== '/' && device(directory) !== device(parent(directory));
  }

  open(path: string, kind = this.kind(path)): OpenFile {
    // opening a device can have effects (a tape rewinds), and opening a socket gives a misleading errno
    if (kind === 'other') throw new ReadFailure(hasNoDevice(this.#host(path)) ? 'ENXIO' : 'special', path);
    try {
      return fileReader(this.#host(path), path);
    } catch (error) {
      if (error instanceof ReadFailure) throw error;
      throw new ReadFailure(errno(error), path);
    }
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: this.#host(path) };
  }

  #host(path: string): string {
    return path === '/' ? this.#root || '/' : this.#root + path;
  }

  /** Returns `undefined` if the directory exists but may not be listed. */
  #names(directory: string): ReadonlyMap<string, Kind> | undefined {
    if (this.#lists.has(directory)) return this.#lists.get(directory);
    const names = listDirectory(this.#host(directory), directory);
    this.#lists.set(directory, names);
    return names;
  }
}

/** Whether open(2) fails with ENXIO: at a socket, or a character device 0:0, which is a whiteout. */
function hasNoDevice(place: string): boolean {
  const stat = fs.lstatSync(place, { throwIfNoEntry: false });
  return stat !== undefined && (stat.isSocket() || (stat.isCharacterDevice() && stat.rdev === 0));
}

/** Node decodes names as UTF-8. A name that is not valid UTF-8 contains U+FFFD and cannot be looked up. */
function notThere(path: string, label: string): FlixError {
  if (!path.includes('\uFFFD')) return new FlixError('input', 'absent', `${path} is not in ${label}`);
  return new FlixError(
    'input',
    'name-not-utf8',
    `${path} of ${label} has a name that is not valid UTF-8`,
    'Rename it or leave it out.',
  );
}

const nothing: ReadonlyMap<string, Kind> = new Map();

function listDirectory(hostPath: string, directory: string): ReadonlyMap<string, Kind> | undefined {
  try {
    const entries = fs.readdirSync(hostPath, { withFileTypes: true });
    const names = new Map<string, Kind>();
    for (const entry of entries.sort(byName)) names.set(entry.name, kindOf(entry));
    return names;
  } catch (error) {
    const code = errno(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return nothing;
    if (code === 'EACCES') return undefined;
    throw new FlixError('io', 'unreadable-directory', `${join(directory, '')}: cannot be listed (${code})`);
  }
}

function byName(a: fs.Dirent, b: fs.Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function kindOf(entry: Pick<fs.Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

function errno(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/**
 * Returns the mount points that this process sees (proc_pid_mountinfo(5), field 5, blanks as `\040`); `undefined` without
 * /proc.
 */
export function mountPoints(): ReadonlySet<string> | undefined {
  let table: string;
  try {
    table = fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
  const points = table.split('\n').flatMap(line => line.split(' ')[4] ?? []);
  return new Set(
    points.map(point =>
      point.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))),
    ),
  );
}
