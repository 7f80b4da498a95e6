import { EntryBudget, hostile } from '../entry.ts';
import type { Metadata } from './metadata.ts';

/** The inode types that matter here (Linux fs/squashfs/squashfs_fs.h, squashfs_inode): only these have children or a relevant attribute list. */
const [DIRECTORY, LONG_DIRECTORY, LONG_FILE] = [1, 8, 9];
const [HEAD, ENTRY] = [12, 8];
/** `.` and `..` count towards the size of a directory but are not stored. */
const NOT_STORED = 3;

interface SquashfsInode {
  /** Number of its attribute list. */
  readonly list?: number;
  readonly children?: { readonly block: number; readonly offset: number; readonly size: number };
}

/** Yields every path and the number of its attribute list, if it has one. Throws `FlixError`. */
export function* listNumbers(
  root: number,
  inodes: Metadata,
  directories: Metadata,
): Iterable<{ readonly path: string; readonly list: number | undefined }> {
  const entered = new Set<number>();
  const budget = new EntryBudget();
  const todo = [{ path: '/', place: inodes.find(root) }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, place } = next;
    const { list, children } = inodeAt(inodes, place);
    yield { path, list };
    if (!children) continue;
    if (entered.has(place)) throw hostile(`${path} is a directory that is reached twice`);
    entered.add(place);
    for (const { name, block, offset } of entriesAt(directories, children)) {
      budget.take(path.length + name.length);
      todo.push({ path: path === '/' ? `/${name}` : `${path}/${name}`, place: inodes.place(block, offset) });
    }
  }
}

function inodeAt(inodes: Metadata, place: number): SquashfsInode {
  switch (inodes.bytes(place, 2).readUInt16LE(0)) {
    case DIRECTORY: {
      const inode = inodes.bytes(place, 32);
      const [block, offset, size] = [inode.readUInt32LE(16), inode.readUInt16LE(26), inode.readUInt16LE(24)];
      return { children: { block, offset, size } };
    }
    case LONG_DIRECTORY: {
      const inode = inodes.bytes(place, 40);
      const [block, offset, size] = [inode.readUInt32LE(24), inode.readUInt16LE(34), inode.readUInt32LE(20)];
      return { children: { block, offset, size }, list: inode.readUInt32LE(36) };
    }
    case LONG_FILE:
      return { list: inodes.bytes(place, 56).readUInt32LE(52) };
    default:
      return {};
  }
}

/** Yields the entries of a directory, which is stored as runs of entries with inodes in the same block (squashfs_dir_header, squashfs_dir_entry). */
function* entriesAt(directories: Metadata, { block, offset, size }: NonNullable<SquashfsInode['children']>) {
  if (size <= NOT_STORED) return;
  const start = directories.place(block, offset);
  const end = start + size - NOT_STORED;
  for (let at = start; at < end;) {
    const head = directories.bytes(at, HEAD);
    at += HEAD;
    for (let left = head.readUInt32LE(0) + 1; left > 0; left--) {
      const entry = directories.bytes(at, ENTRY);
      const length = entry.readUInt16LE(6) + 1;
      const name = directories.bytes(at + ENTRY, length).toString();
      yield { name, block: head.readUInt32LE(4), offset: entry.readUInt16LE(0) };
      at += ENTRY + length;
    }
  }
}
