import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { removeTree } from '../io/private-directory.ts';
import { EntryBudget, hostile, type ImageEntry, kindOfMode } from './entry.ts';
import { EntryTable } from './entry-table.ts';
import { type FileSystemReader, LIST_MS, UNPACK_MS } from './reader.ts';
import { toolLimit } from './tool-limit.ts';
import { isImageAttribute } from '../view/attributes.ts';
import type { Kind } from '../view/view.ts';

/** Matches `/inode/mode/uid/gid/name/size/`. A name may contain a line break; e2fsck refuses a slash. */
const RECORD = /\/(\d+)\/(\d{6})\/(\d+)\/(\d+)\/([^/]*)\/(\d*)\/\n/g;
const ROOT = '2';
/** The inode number of a deleted entry, and of the empty rest of an inline directory. Linux skips such entries (fs/ext4/dir.c). */
const UNUSED = '0';
/** How e2fsck names features that are newer than itself; a superblock with a wrong checksum is reported as damage first. */
const UNSUPPORTED = /has unsupported feature\(s\): (.+)/;
const LOST = '/lost+found';

export const ext4Reader: FileSystemReader = {
  tools: ['debugfs', 'e2fsck'],
  async list(file) {
    const damage = await check(file);
    if (damage !== undefined) throw new FlixError('input', 'bad-file-system', damage);
    const found = await listTree(file);
    const kinds = new Map(found.map(({ inode, entry }) => [inode, entry.kind]));
    const known = await ext4Attributes(file, kinds);
    const entries = new EntryTable();
    for (const { entry, inode } of found) {
      const attributes = known.get(inode);
      entries.add({ ...entry, ...(attributes && { attributes }) }, Number(inode));
    }
    return entries;
  },
  check,
  async unpack(file, directory, entries) {
    await run('debugfs', ['-R', 'rdump / .', file], { cwd: directory, timeoutMs: UNPACK_MS });
    await removeTree(path.join(directory, LOST));
    await resizeInline(file, entries, directory);
  },
};

/** `EXT4_INLINE_DATA_FL`, as debugfs prints the flags of an inode. */
const INLINE = /^.*Flags: 0x1[0-9a-f]{7}$/m;

/**
 * Gives files that are stored in their inode the size that they have: debugfs writes all the space that is there, which
 * is more, or less if the file ends with a hole.
 */
async function resizeInline(file: string, entries: EntryTable, directory: string): Promise<void> {
  const wrong = new Map(
    [...entries].flatMap(({ path: at, kind, size }): [string, number][] => {
      const stat =
        kind === 'file' ? fs.lstatSync(path.join(directory, at), { throwIfNoEntry: false }) : undefined;
      return stat?.isFile() && stat.size !== size ? [[at, size]] : [];
    }),
  );
  if (wrong.size === 0) return;
  const inodes = (await listTree(file)).filter(({ entry }) => wrong.has(entry.path));
  const answers = await askDebugfs(
    file,
    inodes.map(({ inode }) => `stat <${inode}>`),
  );
  for (const [i, { entry }] of inodes.entries())
    if (INLINE.test(answers[i]!)) fs.truncateSync(path.join(directory, entry.path), entry.size);
}

async function check(file: string): Promise<string | undefined> {
  const options = { allowFailure: true, timeoutMs: UNPACK_MS };
  const { exitCode, stdout, stderr } = await run('e2fsck', ['-f', '-n', file], options);
  if (exitCode === 0) return undefined;
  const complaint = `${stdout}\n${stderr}`.trim();
  const features = UNSUPPORTED.exec(complaint)?.[1];
  if (features !== undefined) throw await toolLimit('e2fsck', `the features ${features}`);
  return complaint;
}

interface Found {
  readonly entry: ImageEntry;
  /** Inode number. */
  readonly inode: string;
}

async function listTree(file: string): Promise<Found[]> {
  const root = { path: '/', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0 } as const;
  const all: Found[] = [{ entry: root, inode: ROOT }];
  const entered = new Set([ROOT]);
  const budget = new EntryBudget();
  for (let level = [...all]; level.length > 0;) {
    const found = await listDirectories(file, level);
    for (const one of found) {
      budget.take(one.entry.path.length);
      all.push(one);
    }
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
      if (inode === UNUSED || name === '.' || name === '..' || at === LOST) return [];
      const bits = parseInt(mode!, 8);
      const entry = { kind: kindOfMode(bits), mode: bits & 0o7777, uid: Number(uid), gid: Number(gid) };
      return [{ inode: inode!, entry: { ...entry, path: at, size: Number(size) } }];
    }),
  );
}

/** Runs many debugfs commands at once and returns the answer to each. No command may contain text from the image. Throws `FlixError`. */
async function askDebugfs(file: string, commands: readonly string[]): Promise<string[]> {
  if (commands.length === 0) return [];
  const input = commands.map(command => `${command}\n`).join('');
  const { stdout } = await run('debugfs', ['-f', '-', file], { input, timeoutMs: LIST_MS });
  // debugfs repeats each command before its answer
  const answers = stdout.split(/^debugfs: .*\n/m).slice(1);
  if (answers.length !== commands.length) throw hostile('the output of debugfs is ambiguous');
  return answers;
}

/** Matches `  user.name (1) = "0"`; bytes that would end the line are escaped and long values omitted (debugfs/xattrs.c, print_xattr). */
const LISTED = /^ {2}(\S+) \(\d+\)/gm;
/** Matches the answer to a request for a value in hexadecimal. */
const VALUE = /^\S+ \(\d+\)(?: = ((?:[0-9a-f]{2} )+))?$/m;

/** Returns the extended attributes of an ext4 that matter to an extension, by inode number. Throws `FlixError`. */
async function ext4Attributes(
  file: string,
  kinds: ReadonlyMap<string, Kind>,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  const inodes = [...kinds.keys()];
  const lists = await askDebugfs(
    file,
    inodes.map(inode => `ea_list <${inode}>`),
  );
  const named = inodes.flatMap((inode, i) =>
    [...lists[i]!.matchAll(LISTED)]
      .filter(([, name]) => isImageAttribute(name!, kinds.get(inode)!))
      .map(([, name]) => ({ inode, name: name! })),
  );
  const values = await askDebugfs(
    file,
    named.map(({ inode, name }) => `ea_get -x <${inode}> ${name}`),
  );
  const found = new Map<string, Map<string, Buffer>>();
  for (const [i, { inode, name }] of named.entries()) {
    const value = VALUE.exec(values[i]!);
    // the name in the list was the beginning of a longer one
    if (!value) continue;
    const attributes = found.get(inode) ?? new Map<string, Buffer>();
    found.set(inode, attributes.set(name, Buffer.from((value[1] ?? '').replaceAll(' ', ''), 'hex')));
  }
  return found;
}
