import path from 'node:path';
import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { removeTree } from '../io/remove.ts';
import { type Entry, hostile, MAX_ENTRIES, tooMany } from './entry.ts';
import { askDebugfs } from './debugfs.ts';
import { kindOfMode } from './erofs.ts';
import { ext4Attributes } from './ext4-attributes.ts';
import { type FileSystemReader, UNPACK_MS } from './reader.ts';

/** `/inode/mode/uid/gid/name/size/`; a name may hold a line break, and e2fsck has refused a slash. */
const RECORD = /\/(\d+)\/(\d{6})\/(\d+)\/(\d+)\/([^/]*)\/(\d*)\/\n/g;
const ROOT = '2';
const LOST = '/lost+found';

export const ext4Reader: FileSystemReader = {
  tools: ['debugfs', 'e2fsck'],
  async list(file) {
    const damage = await check(file);
    if (damage !== undefined) throw new FlixError('input', 'bad-file-system', damage);
    const found = await listTree(file);
    const inodes = new Set(found.map(({ inode }) => inode));
    const known = await ext4Attributes(file, [...inodes]);
    return found.map(({ entry, inode }) => {
      const attributes = known.get(inode);
      return Object.assign(entry, attributes && { attributes });
    });
  },
  check,
  async unpack(file, directory) {
    await run('debugfs', ['-R', 'rdump / .', file], { cwd: directory, timeoutMs: UNPACK_MS });
    await removeTree(path.join(directory, LOST));
  },
};

async function check(file: string): Promise<string | undefined> {
  const options = { allowFailure: true, timeoutMs: UNPACK_MS };
  const { exitCode, stdout, stderr } = await run('e2fsck', ['-f', '-n', file], options);
  return exitCode === 0 ? undefined : `${stdout}\n${stderr}`.trim();
}

interface Found {
  readonly entry: Entry;
  /** Its number. */
  readonly inode: string;
}

async function listTree(file: string): Promise<Found[]> {
  const root = { path: '/', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0 } as const;
  const all: Found[] = [{ entry: root, inode: ROOT }];
  const entered = new Set([ROOT]);
  for (let level = [...all]; level.length > 0;) {
    const found = await listDirectories(file, level);
    for (const one of found) all.push(one);
    if (all.length > MAX_ENTRIES) throw tooMany();
    level = found.filter(({ entry }) => entry.kind === 'directory');
    for (const { entry, inode } of level) {
      if (entered.has(inode)) throw hostile(`${entry.path} is a directory that is reached twice`);
      entered.add(inode);
    }
  }
  return all;
}

async function listDirectories(file: string, directories: readonly Found[]): Promise<Found[]> {
  const answers = await askDebugfs(
    file,
    directories.map(({ inode }) => `ls -p <${inode}>`),
  );
  return answers.flatMap((answer, i) =>
    [...answer.matchAll(RECORD)].flatMap(([, inode, mode, uid, gid, name, size]) => {
      const directory = directories[i]!.entry.path;
      const at = directory === '/' ? `/${name}` : `${directory}/${name}`;
      if (name === '.' || name === '..' || at === LOST) return [];
      const bits = parseInt(mode!, 8);
      const entry = { kind: kindOfMode(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid) };
      return [{ inode: inode!, entry: { ...entry, path: at, size: Number(size) } }];
    }),
  );
}
