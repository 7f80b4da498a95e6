import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { FlixError } from '../errors.ts';
import { installFix, toolNamed } from './tools.ts';

export interface RunOptions {
  readonly cwd?: string;
  /** Beyond the fixed environment: `SOURCE_DATE_EPOCH` and the like. */
  readonly env?: Readonly<Record<string, string>>;
  /** Beside the fixed environment the caller's: for a tool whose parts are found by variables of their own. */
  readonly inherit?: boolean;
  /** What the tool reads on standard input. Default: nothing. */
  readonly input?: string | Uint8Array | Readable;
  readonly timeoutMs?: number;
  /** A non-zero exit status is a result and no error. */
  readonly allowFailure?: boolean;
  /** What standard output is; default `text`, taken as UTF-8. */
  readonly output?: 'text' | 'bytes';
}

export interface RunResult<Output = string> {
  readonly stdout: Output;
  readonly stderr: string;
  /** Non-zero only with `allowFailure`. */
  readonly exitCode: number;
}

/** Of a failed tool's standard error: the last lines tell why, the first ones are banners and usage. */
const LAST_LINES = 8;
const MAX_OUTPUT = 512 * 1024 * 1024;

/**
 * Runs a tool of `PATH` to its end, without a shell, in an environment that does not depend on the caller's.
 * The child is ended when flix is. Throws `FlixError`: `missing-tool`, `tool-timeout`, `tool-failed`.
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
  const { execa } = await import('execa'); // 90 ms, which commands that spawn nothing do not pay
  const result = await execa(tool, args, {
    reject: false,
    extendEnv: false,
    env: { ...(options.inherit && process.env), ...fixedEnvironment(), ...options.env },
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT,
    encoding: 'buffer',
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
  });
  const { exitCode } = result;
  const stderr = decode(result.stderr);
  if (exitCode !== undefined && (exitCode === 0 || options.allowFailure))
    return { stdout: options.output === 'bytes' ? result.stdout : decode(result.stdout), stderr, exitCode };
  if (result.code === 'ENOENT' && (options.cwd === undefined || existsSync(options.cwd)))
    throw missingTool(tool);
  if (result.cause instanceof FlixError) throw result.cause; // from whoever writes its input
  if (result.timedOut)
    throw new FlixError('io', 'tool-timeout', `${tool} did not end within ${options.timeoutMs} ms`);
  const how = result.signal ?? (exitCode === undefined ? result.code : `exit status ${exitCode}`);
  const lines = lastLines(stderr) || lastLines(decode(result.stdout));
  throw new FlixError('io', 'tool-failed', `${tool} failed (${how})${lines && `:\n${lines}`}`);
}

function missingTool(name: string): FlixError {
  const tool = toolNamed(name);
  return new FlixError('missing', 'missing-tool', `${name} is not installed`, tool && installFix(tool));
}

/** What a tool may see. Debian keeps mkfs.ext4 and chroot out of a user's `PATH`, hence the sbin directories. */
function fixedEnvironment(): Record<string, string> {
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
