import { existsSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import { errnoOf, ioFailure } from './failure.ts';
import path from 'node:path';

/**
 * Gives `work` a new directory that no other user may enter, and always removes it with its contents afterwards. Also
 * removes those that killed runs left. Throws `FlixError` `io-…`.
 */
export async function inPrivateDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await newDirectory();
  return removedAtEnd(directory, () => work(directory));
}

async function newDirectory(): Promise<string> {
  const parent = os.tmpdir();
  try {
    await removeAbandoned(parent);
    const { default: temporary } = await import('tmp-promise');
    return (await temporary.dir({ tmpdir: parent, prefix: `flix-${namedOwner()}` })).path;
  } catch (error) {
    throw ioFailure(error, `cannot make a temporary directory in ${parent}`);
  }
}

/** Writes a file that no other user may change, and removes it when the process exits. Returns its path. */
export async function fileUntilExit(name: string, content: Uint8Array): Promise<string> {
  const directory = await newDirectory();
  removeAtExit(directory);
  const file = path.join(directory, name);
  await writePrivate(file, content);
  return file;
}

/** Removes a file or tree after `work`, also if the process exits during it. */
async function removedAtEnd<T>(file: string, work: () => Promise<T>): Promise<T> {
  const forget = removeAtExit(file);
  try {
    return await work();
  } finally {
    await removeTree(file);
    forget();
  }
}

/** Removes a file or tree when the process exits. Returns a function that calls it off. */
export function removeAtExit(file: string): () => void {
  if (!process.listeners('exit').includes(removeAll)) process.once('exit', removeAll);
  temporaries.add(file);
  return () => temporaries.delete(file);
}

const temporaries = new Set<string>();

function removeAll(): void {
  for (const file of temporaries) rmSync(file, { recursive: true, force: true });
}

const NAME = /^flix-([0-9a-f]{8}-\d+)-(\d+)-(\d+)-/;

/** Names a process so that no other one ever has the same name: by boot, PID namespace, process number and start time. */
function ownerOf(pid: string): string {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  const number = pid === 'self' ? process.pid : pid;
  return `${kernel()}-${number}-${fields[19]}`; // starttime is field 22 of proc_pid_stat(5)
}

/** Without /proc, nothing tells whether a process is still running. */
function namedOwner(): string {
  return existsSync('/proc/self/stat') ? `${ownerOf('self')}-` : '';
}

function kernel(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
  return `${boot}-${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}`;
}

/** Removes directories whose process has ended. Another namespace or machine that shares the place knows about its own. */
async function removeAbandoned(parent: string): Promise<void> {
  if (namedOwner() === '') return;
  for (const name of await fs.readdir(parent)) {
    const [, where, pid, start] = NAME.exec(name) ?? [];
    if (where !== kernel() || isRunning(pid!, start!)) continue;
    const directory = path.join(parent, name);
    const stat = await fs.lstat(directory);
    if (stat.isDirectory() && stat.uid === process.getuid?.()) await removeTree(directory);
  }
}

function isRunning(pid: string, start: string): boolean {
  try {
    return ownerOf(pid).endsWith(`-${start}`);
  } catch {
    return false;
  }
}

/** Returns how many bytes can still be written into a directory. */
export async function freeSpace(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}

/** Writes a small file into such a directory. */
export async function writePrivate(file: string, content: Uint8Array): Promise<void> {
  await fs.writeFile(file, content, { flag: 'wx', mode: 0o600 });
}

/** Removes a tree, even if it contains directories that their owner may not write. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await fs.rm(directory, { recursive: true, force: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await openUp(directory);
    await fs.rm(directory, { recursive: true, force: true });
  }
}

async function openUp(directory: string): Promise<void> {
  await fs.chmod(directory, 0o700);
  for (const entry of await fs.readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openUp(path.join(directory, entry.name));
}
