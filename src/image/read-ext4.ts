import path from 'node:path';
import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { removeTree } from '../io/remove.ts';
import { type Entry, hostile, MAX_ENTRIES, tooMany } from './entry.ts';
import { kindOfMode } from './erofs.ts';
import { type FileSystemReader, LIST_MS, UNPACK_MS } from './reader.ts';

/** `/inode/mode/uid/gid/name/size/`; a name may hold a line break, and e2fsck has refused a slash. */
const RECORD = /\/(\d+)\/(\d{6})\/(\d+)\/(\d+)\/([^/]*)\/(\d*)\/\n/g;
const ROOT = '2';
const LOST = '/lost+found';

export const ext4Reader: FileSystemReader = {
  tools: ['debugfs', 'e2fsck'],
  async list(file) {
    const damage = await check(file);
    if (damage !== undefined) throw new FlixError('input', 'bad-file-system', damage);
    const entries: Entry[] = [{ path: '/', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0 }];
    const entered = new Set([ROOT]);
    for (let level = [{ path: '', inode: ROOT }]; level.length > 0;) {
      const found = await listDirectories(file, level);
      for (const { entry } of found) entries.push(entry);
      if (entries.length > MAX_ENTRIES) throw tooMany();
      level = found
        .filter(({ entry }) => entry.kind === 'directory')
        .map(({ entry: { path: at }, inode }) => ({ path: at, inode }));
      for (const { path: at, inode } of level) {
        if (entered.has(inode)) throw hostile(`${at} is a directory that is reached twice`);
        entered.add(inode);
      }
    }
    return entries;
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

async function listDirectories(
  file: string,
  directories: readonly { readonly path: string; readonly inode: string }[],
): Promise<{ readonly entry: Entry; readonly inode: string }[]> {
  const input = directories.map(({ inode }) => `ls -p <${inode}>\n`).join('');
  const { stdout } = await run('debugfs', ['-f', '-', file], { input, timeoutMs: LIST_MS });
  // each command is repeated before its answer
  const answers = stdout.split(/^debugfs: ls -p <\d+>\n/m).slice(1);
  if (answers.length !== directories.length)
    throw hostile('debugfs lists it in a way that cannot be told apart');
  return answers.flatMap((answer, i) =>
    [...answer.matchAll(RECORD)].flatMap(([, inode, mode, uid, gid, name, size]) => {
      const at = `${directories[i]!.path}/${name}`;
      if (name === '.' || name === '..' || at === LOST) return [];
      const bits = parseInt(mode!, 8);
      const entry = { kind: kindOfMode(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid) };
      return [{ inode: inode!, entry: { ...entry, path: at, size: Number(size) } }];
    }),
  );
}
