import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { FlixError } from '../errors.ts';
import { installFix, toolNamed } from './tools.ts';

export interface RunOptions {
  readonly cwd?: string;
  /** Variables in addition to the fixed environment, such as `SOURCE_DATE_EPOCH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Adds the caller's environment, for a tool that finds its modules through variables. */
  readonly inherit?: boolean;
  /** Standard input of the tool. Default: empty. */
  readonly input?: string | Uint8Array | Readable;
  readonly timeoutMs?: number;
  /** Returns a non-zero exit status as a result instead of throwing. */
  readonly allowFailure?: boolean;
  /** How to return standard output. Default: `text`, decoded as UTF-8. */
  readonly output?: 'text' | 'bytes';
  /** Hides the descriptors that flix itself inherited without close-on-exec. */
  readonly confined?: boolean;
}

export interface RunResult<Output = string> {
  readonly stdout: Output;
  readonly stderr: string;
  /** Non-zero only with `allowFailure`. */
  readonly exitCode: number;
}

type ToolListener = (tool: string, args: readonly string[]) => void;

let toolListener: ToolListener = () => {};

/** Has a function called with each tool that runs from now on; for `--verbose`. */
export function announceTools(listener: ToolListener): void {
  toolListener = listener;
}

/** Calls the function that `announceTools` was given. */
export function announce(tool: string, args: readonly string[]): void {
  toolListener(tool, args);
}

/** How many lines of a failed tool's standard error are shown. The last ones give the reason; the first are banners and usage. */
const LAST_LINES = 8;
/** In bytes. V8 has no strings of more than 512 million characters. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/**
 * Runs a tool from `PATH` until it exits, without a shell and in an environment that does not depend on the caller's.
 * The tool is terminated when flix is. Throws `FlixError`: `missing-tool`, `tool-timeout`, `tool-failed`.
 */
export async function run(
  tool: string,
  args: readonly string[],
  options: RunOptions & { readonly output: 'bytes' },
): Promise<RunResult<Uint8Array>>;
export async function run(tool: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
export async function run(
  tool: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult<string | Uint8Array>> {
  announce(tool, args);
  const environment = {
    ...(options.inherit && process.env),
    ...fixedEnvironment(),
    ...options.env,
  };
  const result = options.confined
    ? await spawnConfined(tool, args, environment, options.timeoutMs)
    : await runWithExeca(tool, args, environment, options);
  const { exitCode } = result;
  const stderr = decode(result.stderr);
  if (exitCode !== undefined && (exitCode === 0 || options.allowFailure))
    return { stdout: options.output === 'bytes' ? result.stdout : decode(result.stdout), stderr, exitCode };
  // execvp(3) answers EACCES if PATH has a directory that the user may not search
  const isAbsent = result.code === 'ENOENT' || (result.code === 'EACCES' && toolPath(tool) === undefined);
  if (isAbsent && (options.cwd === undefined || fs.existsSync(options.cwd))) throw missingTool(tool);
  if (result.cause instanceof FlixError) throw result.cause; // thrown by the source of its input
  if ('isMaxBuffer' in result && result.isMaxBuffer)
    throw new FlixError('io', 'tool-failed', `${tool} printed more than ${MAX_OUTPUT} bytes`);
  if (result.timedOut)
    throw new FlixError('io', 'tool-timeout', `${tool} did not end within ${options.timeoutMs} ms`);
  const how = result.signal ?? (exitCode === undefined ? result.code : `exit status ${exitCode}`);
  const lines = lastLines(stderr) || lastLines(decode(result.stdout));
  throw new FlixError('io', 'tool-failed', `${tool} failed (${how})${lines && `:\n${lines}`}`);
}

let deathSignalWords: Promise<readonly string[]> | undefined;

/**
 * Returns the start of a command line whose program gets SIGTERM when flix ends, even by SIGKILL (prctl(2),
 * PR_SET_PDEATHSIG). Returns no words if there is no setpriv(1) that can do it; that of busybox cannot.
 */
export async function endingWithFlix(): Promise<readonly string[]> {
  return (deathSignalWords ??= (async () => {
    const words = ['--pdeathsig', 'TERM', '--'];
    if (toolPath('setpriv') === undefined) return [];
    const { exitCode } = await run('setpriv', [...words, 'true'], { allowFailure: true });
    return exitCode === 0 ? ['setpriv', ...words] : [];
  })());
}

async function runWithExeca(
  tool: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { input, cwd, timeoutMs }: RunOptions,
) {
  const { execa } = await import('execa'); // takes 90 ms, which commands that run no tool should not pay for
  try {
    return await execa(tool, args, {
      reject: false,
      extendEnv: false,
      env,
      stripFinalNewline: false,
      maxBuffer: MAX_OUTPUT,
      encoding: 'buffer',
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      ...(cwd !== undefined && { cwd }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
  } catch (error) {
    // if no descriptor is free, Node returns a process without streams, which execa does not expect
    if (!(error instanceof TypeError) || 'code' in error) throw error;
    throw Object.assign(new Error(`spawn ${tool} EMFILE`, { cause: error }), { code: 'EMFILE' });
  }
}

/** How a confined tool ended, in execa’s terms. */
interface Ended {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Why the tool could not be started. */
  readonly code?: string | undefined;
  readonly cause?: unknown;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly timedOut: boolean;
}

/**
 * Runs a tool in a session of its own. Does without execa, which compares every descriptor with every other: one that
 * flix inherited may have a high number.
 */
async function spawnConfined(
  tool: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number | undefined,
): Promise<Ended> {
  const closed = new InheritedDescriptors(['ignore', 'pipe', 'pipe'] as const);
  const child = spawn(tool, args, {
    env,
    stdio: closed.stdio,
    detached: true,
    killSignal: 'SIGKILL',
    timeout: timeoutMs,
  });
  closed.close();
  let size = 0;
  const collect = (stream: Readable) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > MAX_OUTPUT) child.kill('SIGKILL');
      else pieces.push(piece);
    });
    return pieces;
  };
  // a tool that could not be started has no streams
  const stdout = child.stdout ? collect(child.stdout) : [];
  const stderr = child.stderr ? collect(child.stderr) : [];
  return new Promise(resolve => {
    const end = (exitCode: number | null, signal: NodeJS.Signals | null, code?: string) =>
      resolve({
        exitCode: exitCode ?? undefined,
        signal: signal ?? undefined,
        code,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
        timedOut: child.killed && size <= MAX_OUTPUT,
      });
    child.once('error', ({ code }: NodeJS.ErrnoException) => end(null, null, code));
    child.once('close', (exitCode, signal) => end(exitCode, signal));
  });
}

/** Descriptors that the parent of flix left open, as shells and CI runners do. Node cannot close them in a child, so /dev/null replaces them there. */
export class InheritedDescriptors<Own extends readonly string[]> {
  readonly stdio: [...Own, ...'ignore'[]];
  readonly #nothing = fs.openSync('/dev/null', 'r+');

  /** @param own the first descriptors of the child, which it is meant to have */
  constructor(own: Own) {
    this.stdio = [...own];
    const inherited = fs.readdirSync('/proc/self/fdinfo').map(Number).filter(isInherited);
    for (let fd = own.length; fd <= Math.max(...inherited); fd++)
      this.stdio.push(inherited.includes(fd) ? (this.#nothing as unknown as 'ignore') : 'ignore'); // execa takes numbers, too
  }

  close(): void {
    fs.closeSync(this.#nothing);
  }
}

/** O_CLOEXEC in the octal `flags:` of /proc/PID/fdinfo (proc_pid_fdinfo(5)). */
const CLOSE_ON_EXEC = 0o2000000;

function isInherited(descriptor: number): boolean {
  if (descriptor < 3) return false;
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'));
    return flags !== null && (parseInt(flags[1]!, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // closed since the directory was listed
  }
}

/** Returns the path of a tool, searched as `run` does; `undefined` if it is not installed. */
export function toolPath(name: string): string | undefined {
  const { PATH } = fixedEnvironment();
  const files = PATH.split(':').map(directory => path.join(directory, name));
  return files.find(file => path.isAbsolute(file) && fs.existsSync(file));
}

export function missingTool(name: string): FlixError {
  const tool = toolNamed(name);
  return new FlixError('missing', 'missing-tool', `${name} is not installed`, tool && installFix(tool));
}

/** The environment of every tool. It includes the sbin directories because Debian omits mkfs.ext4 and chroot from a user's `PATH`. */
export function fixedEnvironment(): { readonly PATH: string } & Record<string, string> {
  const { PATH = '/usr/bin:/bin', HOME, TMPDIR } = process.env;
  return {
    PATH: `${PATH}:/usr/sbin:/sbin`,
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(HOME && { HOME }),
    ...(TMPDIR && { TMPDIR }),
  };
}

function lastLines(output: string): string {
  const lines = output.split(/[\r\n]+/).filter(line => line.trim() !== '');
  return lines
    .slice(-LAST_LINES)
    .map(line => `  ${line}`)
    .join('\n');
}

const utf8 = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}
