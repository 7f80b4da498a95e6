import fs from 'node:fs';
import nodePath from 'node:path';
import { changedWhileRead, FlixError } from '../errors.ts';
import { fileReader } from './file-reader.ts';
import { OpenDirectories } from './open-directories.ts';
import { readOsRelease, rootLabel } from './os-release.ts';
import { basename, join, parent } from './path.ts';
import { parseStageRecord, STAGE_RECORD, type StageRecord } from './stage-record.ts';
import { readText } from './text.ts';
import { type Kind, type OpenFile, ReadFailure, type FileSource, type Stat, type View } from './view.ts';

export interface DirectoryOptions {
  /** Default: `ID VERSION_ID` of os-release, otherwise the directory as the user gave it. */
  readonly label?: string;
  /** Whether to read objects with their symbol versions; default: true. */
  readonly versions?: boolean;
  /**
   * Shows a root of “flix stage” as its source is: with the owners and modes of its record, and without the record. Not for
   * trees that are judged or packed, whose files must be shown as they are. Default: false.
   */
  readonly staged?: boolean;
}

/**
 * Shows a directory of this machine as `/`. Lists each directory only once.
 *
 * Other processes may change the directory meanwhile, so entries are looked up in open directories (`OpenDirectories`):
 * a directory that is replaced by a link does not lead out of the root.
 */
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
      errno(error) === 'ENOENT'
        ? `${directory}: no such file or directory`
        : `${directory}: cannot be used as a root (${errno(error)})`,
      'Check the path; a relative one starts at the current directory.',
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
  readonly #directories: OpenDirectories;
  readonly #lists = new Map<string, ReadonlyMap<string, Kind> | undefined>();
  #label: string | undefined;
  #mounts: ReadonlySet<string> | 'unknown' | undefined;
  #staged: StageRecord | 'none' | undefined;

  constructor(root: string, given: string, options: DirectoryOptions) {
    this.#root = root;
    this.#given = given;
    this.#directories = new OpenDirectories(root);
    this.#label = options.label;
    this.versions = options.versions ?? true;
    if (options.staged !== true) this.#staged = 'none';
  }

  get staged(): StageRecord | undefined {
    this.#staged ??= parseStageRecord(readText(this, STAGE_RECORD) ?? '') ?? 'none';
    return this.#staged === 'none' ? undefined : this.#staged;
  }

  get label(): string {
    return (this.#label ??= rootLabel(readOsRelease(this)) ?? this.#given);
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    const names = this.#names(directory) ?? nothing;
    if (directory !== '/' || this.staged === undefined) return names;
    return new Map([...names].filter(([name]) => `/${name}` !== STAGE_RECORD));
  }

  kind(path: string): Kind | undefined {
    if (path === '/') return 'directory';
    const names = this.#names(parent(path));
    if (names) return names.get(basename(path));
    // the parent cannot be listed, but perhaps entered
    try {
      return this.#at(path, kindAt);
    } catch (error) {
      if (error instanceof FlixError) throw error;
      return undefined;
    }
  }

  readlink(path: string): string {
    const target = this.#at(path, place => fs.readlinkSync(place));
    if (target === undefined) throw notThere(path, this.label);
    return target;
  }

  stat(path: string): Stat {
    const stat = this.#at(path, place => fs.lstatSync(place, { bigint: true, throwIfNoEntry: false }));
    if (!stat) throw notThere(path, this.label);
    const { staged } = this;
    const recorded = staged && Object.hasOwn(staged.facts, path) ? staged.facts[path] : undefined;
    return {
      kind: kindOf(stat),
      whiteout: stat.isCharacterDevice() && stat.rdev === 0n,
      mode: recorded?.mode === undefined ? Number(stat.mode) & 0o7777 : parseInt(recorded.mode, 8),
      uid: staged ? (recorded?.uid ?? 0) : Number(stat.uid),
      gid: staged ? (recorded?.gid ?? 0) : Number(stat.gid),
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
    if (kind === 'other') throw new ReadFailure(this.#at(path, hasNoDevice) ? 'ENXIO' : 'special', path);
    try {
      const place = this.#place(path);
      if (place !== undefined) return fileReader(place, path);
    } catch (error) {
      if (error instanceof ReadFailure || error instanceof FlixError) throw error;
      throw new ReadFailure(errno(error), path);
    }
    throw new ReadFailure('ENOENT', path);
  }

  source(path: string): FileSource {
    return { view: this, path, hostPath: this.#host(path) };
  }

  #host(path: string): string {
    return path === '/' ? this.#root || '/' : this.#root + path;
  }

  /** Calls `use` with the place of an entry. Returns `undefined` if there is no place. */
  #at<T>(path: string, use: (place: string) => T): T | undefined {
    const place = this.#place(path);
    if (place === undefined) return undefined;
    try {
      return use(place);
    } catch (error) {
      throw named(error, this.#host(path));
    }
  }

  /**
   * Returns a path of this machine that leads to an entry of the root and nowhere else; `undefined` if a component before
   * the last is absent or is not a directory.
   */
  #place(path: string): string | undefined {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const above = name === '..' ? undefined : this.#entered(slash <= 0 ? '/' : path.slice(0, slash));
    return above === undefined ? undefined : `${above}/${name || '.'}`;
  }

  /** Returns a path that leads to a directory; `undefined` if the root has no such directory. */
  #entered(directory: string): string | undefined {
    try {
      return this.#directories.enter(directory);
    } catch (error) {
      const code = errno(error);
      if (code === 'ENOENT') return undefined;
      if (code !== 'ENOTDIR' && code !== 'ELOOP') throw named(error, this.#host(directory));
      // the path was not real, or the directory is no longer what its parent listed
      if (this.kind(directory) !== 'directory') return undefined;
      throw changedWhileRead(this.#host(directory));
    }
  }

  /** Lists a directory; `undefined` if it may not be listed. */
  #listed(directory: string): ReadonlyMap<string, Kind> | undefined {
    try {
      const place = this.#entered(directory);
      if (place === undefined) return nothing;
      const entries = fs.readdirSync(place, { withFileTypes: true });
      const names = new Map<string, Kind>();
      for (const entry of entries.sort(byName)) names.set(entry.name, kindOf(entry));
      return names;
    } catch (error) {
      const code = errno(error);
      if (error instanceof FlixError) throw error;
      if (code === 'ENOENT') return nothing;
      if (code === 'EACCES') return undefined;
      throw new FlixError('io', 'unreadable-directory', `${join(directory, '')}: cannot be listed (${code})`);
    }
  }

  /** Returns `undefined` if the directory exists but may not be listed. */
  #names(directory: string): ReadonlyMap<string, Kind> | undefined {
    if (this.#lists.has(directory)) return this.#lists.get(directory);
    const names = this.kind(directory) === 'directory' ? this.#listed(directory) : nothing;
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

function byName(a: fs.Dirent, b: fs.Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function kindOf(entry: Pick<fs.Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): Kind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'link' : 'other';
}

/** Names the file of an error by its own path, not by the descriptor through which it was reached. */
function named(error: unknown, place: string): unknown {
  const failure = error as NodeJS.ErrnoException;
  if (typeof failure.path !== 'string' || error instanceof ReadFailure) return error;
  failure.message = failure.message.replace(failure.path, place);
  failure.path = place;
  return error;
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
