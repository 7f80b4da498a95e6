import { run } from '../io/spawn.ts';
import { type Entry, hostile, MAX_ENTRIES, tooMany } from './entry.ts';
import { kindOfMode } from './erofs.ts';
import { type FileSystemReader, LIST_MS, UNPACK_MS } from './reader.ts';

const ROOT = '256';
const ITEM = /^\titem \d+ key \((\d+) (INODE_ITEM|DIR_INDEX) \d+\) .*\n/;

export const btrfsReader: FileSystemReader = {
  tools: ['btrfs'],
  async list(file) {
    const arguments_ = ['inspect-internal', 'dump-tree', '-t', 'fs', file];
    const { stdout } = await run('btrfs', arguments_, { timeoutMs: LIST_MS });
    return entriesOf(stdout);
  },
  async check(file) {
    const options = { allowFailure: true, timeoutMs: UNPACK_MS };
    const arguments_ = ['check', '--readonly', '--check-data-csum', file];
    const { exitCode, stdout, stderr } = await run('btrfs', arguments_, options);
    return exitCode === 0 ? undefined : `${stdout}\n${stderr}`.trim();
  },
  async unpack(file, directory) {
    // it sets owners too, and fails where it may not; modes are set again after it in any case
    const metadata = process.getuid?.() === 0 ? ['--metadata'] : [];
    await run('btrfs', ['restore', '--symlink', ...metadata, file, directory], { timeoutMs: UNPACK_MS });
  },
};

interface Inode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** From the text of `btrfs inspect-internal dump-tree`. */
function entriesOf(dump: string): Entry[] {
  const inodes = new Map<string, Inode>();
  const children = new Map<string, { readonly name: string; readonly inode: string }[]>();
  for (const item of dump.split(/^(?=\titem \d+ key \(|leaf |node )/m)) {
    const [head, key, kind] = ITEM.exec(item) ?? [];
    if (head === undefined || key === undefined) continue;
    const body = item.slice(head.length);
    if (kind === 'INODE_ITEM') inodes.set(key, parseInode(body));
    else {
      const names = children.get(key) ?? [];
      names.push(parseName(body));
      children.set(key, names);
    }
  }
  const entries: Entry[] = [];
  const entered = new Set<string>();
  const todo = [{ path: '/', inode: ROOT }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, inode } = next;
    const known = inodes.get(inode);
    if (!known) throw hostile(`${path} has no inode`);
    const kind = kindOfMode(known.mode);
    entries.push({ ...known, path, kind, mode: known.mode & 0o7777 });
    if (entries.length > MAX_ENTRIES) throw tooMany();
    if (kind !== 'directory') continue;
    if (entered.has(inode)) throw hostile(`${path} is a directory that is reached twice`);
    entered.add(inode);
    for (const { name, inode: child } of children.get(inode) ?? []) {
      if (name.includes('/')) throw hostile(`it holds ${JSON.stringify(name)} as a name`);
      todo.push({ path: path === '/' ? `/${name}` : `${path}/${name}`, inode: child });
    }
  }
  return entries;
}

function parseInode(text: string): Inode {
  const number = (name: string) => Number(new RegExp(`\\b${name} (\\d+)`).exec(text)?.[1]);
  return {
    mode: parseInt(/\bmode (\d+)/.exec(text)?.[1] ?? '0', 8),
    uid: number('uid'),
    gid: number('gid'),
    size: number('size'),
  };
}

/** A name is as long as it says, in bytes: it may hold line breaks. */
function parseName(text: string): { readonly name: string; readonly inode: string } {
  const inode = /location key \((\d+) INODE_ITEM /.exec(text)?.[1];
  const length = Number(/name_len (\d+)/.exec(text)?.[1]);
  const start = text.indexOf('\t\tname: ');
  const bytes = Buffer.from(text.slice(start + '\t\tname: '.length));
  if (inode === undefined || start < 0 || !(bytes.length >= length))
    throw hostile('it holds subvolumes, or names that cannot be told apart');
  return { name: bytes.toString('utf8', 0, length), inode };
}
