import type { Reader } from '../elf/reader.ts';
import { FlixError } from '../errors.ts';
import { parent } from '../view/path.ts';
import { type Kind, type Stat, type View, ReadFailure } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** How much of a file is read at once, in bytes. */
const PIECE = 1 << 20;
const FILE_TYPES: Readonly<Record<'file' | 'directory' | 'link', number>> = {
  file: 0o100000,
  directory: 0o040000,
  link: 0o120000,
};
/** The largest size that fits into a header (cpio(5), “New ASCII Format”). */
const MAX_SIZE = 0xffff_ffff;

/**
 * Writes the archive from which the kernel fills its root file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Hard links stay links. Devices, FIFOs and extended
 * attributes are left out: systemd makes the devices that it needs, and the format has no place for attributes.
 */
export class Initramfs {
  /** The files that this user may not read, which are left out. */
  readonly unreadable: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #directories = new Set<string>();
  #next = 1;

  /** Adds the entries of a view below `to`. @param skip returns whether to leave out the entry at a path */
  *tree(view: View, to: string, skip: (path: string) => boolean = () => false): Generator<Uint8Array> {
    for (const { path, kind } of walk(view, '/', skip))
      if (kind !== 'other') yield* this.#copy(view, path, to, kind);
  }

  *#copy(view: View, path: string, to: string, kind: Exclude<Kind, 'other'>): Generator<Uint8Array> {
    const stat = view.stat(path);
    const target = to + path;
    if (kind === 'directory') yield* this.#entry(target, kind, stat, 0);
    else if (kind === 'link') yield* this.#whole(target, kind, stat, Buffer.from(view.readlink(path)));
    else yield* this.#file(view, path, target, stat);
  }

  *#file(view: View, path: string, target: string, stat: Stat): Generator<Uint8Array> {
    if (this.#numbers.has(stat.id)) return yield* this.#entry(target, 'file', stat, 0);
    let file;
    try {
      file = view.open(path, 'file');
    } catch (error) {
      if (!(error instanceof ReadFailure)) throw error;
      this.unreadable.push(path);
      return;
    }
    try {
      yield* this.#entry(target, 'file', stat, file.size);
      yield* piecesOf(file);
      yield padding(file.size);
    } finally {
      file.close();
    }
  }

  /** Adds a file that root owns, and the directories that contain it. */
  *addedFile(path: string, content: Reader): Generator<Uint8Array> {
    yield* this.addedDirectory(parent(path));
    yield* this.#entry(path, 'file', ownedByRoot(path, 0o644), content.size);
    yield* piecesOf(content);
    yield padding(content.size);
  }

  /** Adds a directory that root owns, and those that contain it; the kernel keeps directories that exist. */
  *addedDirectory(path: string): Generator<Uint8Array> {
    if (path === '/' || this.#directories.has(path)) return;
    yield* this.addedDirectory(parent(path));
    yield* this.#entry(path, 'directory', ownedByRoot(path, 0o755), 0);
  }

  /** Ends the archive. */
  *end(): Generator<Uint8Array> {
    yield header('TRAILER!!!', [0, 0, 0, 0, 1, 0, 0]);
  }

  *#whole(path: string, kind: 'file' | 'link', stat: Owned, content: Uint8Array): Generator<Uint8Array> {
    yield* this.#entry(path, kind, stat, content.length);
    yield content;
    yield padding(content.length);
  }

  *#entry(path: string, kind: keyof typeof FILE_TYPES, stat: Owned, size: number): Generator<Uint8Array> {
    if (size > MAX_SIZE)
      throw new FlixError(
        'input',
        'guest-too-large',
        `${path} is larger than 4 GB, the limit for a file of an initramfs`,
        'Use a smaller root or image.',
      );
    const number = this.#numbers.get(stat.id) ?? this.#next++;
    this.#numbers.set(stat.id, number);
    if (kind === 'directory') this.#directories.add(path);
    // if an entry has two links, the kernel links later entries with the same inode number to it
    const links = kind === 'file' ? 2 : 1;
    const { mode, uid, gid, mtime } = stat;
    yield header(path.replace(/^\//, ''), [number, FILE_TYPES[kind] | mode, uid, gid, links, mtime, size]);
  }
}

type Owned = Pick<Stat, 'mode' | 'uid' | 'gid' | 'mtime' | 'id'>;

function ownedByRoot(path: string, mode: number): Owned {
  return { mode, uid: 0, gid: 0, mtime: 0, id: `of flix: ${path}` };
}

/** Reads a file piece by piece. */
export function* piecesOf(file: Reader): Generator<Uint8Array> {
  // copied, because the reader may reuse its buffer
  for (let at = 0; at < file.size; at += PIECE)
    yield Buffer.from(file.read(at, Math.min(PIECE, file.size - at)));
}

/** Writes the header of an entry. @param fields inode, mode, uid, gid, links, time, size */
function header(name: string, fields: readonly number[]): Uint8Array {
  const bytes = Buffer.from(`${name}\0`);
  const numbers = [...fields, 0, 0, 0, 0, bytes.length, 0].map(field =>
    Math.max(0, Math.floor(field)).toString(16).padStart(8, '0'),
  );
  const head = Buffer.concat([Buffer.from(`070701${numbers.join('')}`), bytes]);
  return Buffer.concat([head, padding(head.length)]);
}

function padding(length: number): Uint8Array {
  return Buffer.alloc(-length & 3);
}
