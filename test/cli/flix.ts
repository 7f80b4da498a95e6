import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';
import { findLoader, placeLoader } from '../lab/loaders.ts';
import type { Outcome } from './run.ts';

export const LOADER = '/lib64/ld-linux-x86-64.so.2';
export const LIB = '/lib/x86_64-linux-gnu';
const bin = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));
/** A run that takes this long hangs, however slow the machine is. Shorter than the time limit of vitest, which kills nothing. */
export const HANG_MS = 540_000;

export interface FlixOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command and its arguments that run the program which follows them. */
  readonly under?: readonly string[];
}

/** Runs `bin/flix.js` as a user does. A run that hangs is killed and gets status 124. */
export async function flix(
  args: readonly string[],
  { cwd, env, under = [] }: FlixOptions = {},
): Promise<Outcome> {
  const [program = process.execPath, ...before] = under.length > 0 ? [...under, process.execPath] : [];
  const result = await execa(program, [...before, bin, ...args], {
    reject: false,
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env, extendEnv: false }),
  });
  return {
    stdout: result.stdout,
    stderr: result.stderr,
    status: result.timedOut ? 124 : (result.exitCode ?? -1),
  };
}

/** A program and the libc that it loads: enough to provoke every kind of failure. */
export const small: Readonly<Record<string, FileRecipe>> = {
  '/etc/os-release': { text: 'ID=debian\nVERSION_ID=12\n' },
  '/usr/bin/app': { interp: LOADER, needed: ['libc.so.6'] },
  [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'], verdef: ['GLIBC_2.36'] },
};

/** Makes a root in a new directory. Its loader is that of this machine, or with `none` a file that cannot run. */
export function makeRoot(
  directory: string,
  files: Readonly<Record<string, FileRecipe>> = small,
  loader: 'glibc' | 'none' = 'glibc',
): string {
  fs.mkdirSync(directory, { recursive: true });
  buildFixture(directory, { rule: '', source: '', files });
  placeLoader(directory, loader, loader === 'none' ? undefined : findLoader('glibc'));
  return directory;
}

/** Describes every entry below a directory, with its type, mode and content, so that two directories can be compared. */
export function picture(directory: string): string[] {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => {
      const at = path.join(directory, name);
      const stat = fs.lstatSync(at);
      if (stat.isSymbolicLink()) return `${name} -> ${fs.readlinkSync(at)}`;
      const mode = (stat.mode & 0o7777).toString(8);
      return stat.isFile() ? `${name} ${mode} ${fs.readFileSync(at, 'base64')}` : `${name}/ ${mode}`;
    });
}

/** Summarises a refusal: its status, the texts that its message lacks, and whether it shows a stack trace. */
export function refusal({ status, stderr }: Outcome, says: readonly string[]) {
  const unsaid = says.filter(text => !stderr.includes(text));
  return { status, unsaid, stack: /^\s+at .*:\d+\)?$/m.test(stderr), ...(unsaid.length > 0 && { stderr }) };
}

export function refused(status: number) {
  return { status, unsaid: [], stack: false };
}
