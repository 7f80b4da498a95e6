import { FlixError } from '../errors.ts';
import { run } from './spawn.ts';

/** Paths per run of getcap. Stays far below the kernel's limit for arguments (2 MB). */
const AT_ONCE = 200;

/**
 * Reads the file capabilities (capabilities(7)) of files of this machine, as getcap(8) writes them: `cap_net_raw=ep`.
 * Node cannot read extended attributes, so this returns `undefined` where getcap is not installed.
 */
export async function fileCapabilities(
  paths: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> {
  const found = new Map<string, string>();
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const output = await getcap(some);
    if (output === undefined) return undefined;
    for (const [path, capabilities] of parseGetcap(output, some)) found.set(path, capabilities);
  }
  return found;
}

/** Parses lines `PATH CAPS`, or `PATH = CAPS` before libcap 2.41. A path may contain blanks and line breaks, so this searches for the paths that were asked for. */
export function parseGetcap(output: string, asked: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  let rest = output;
  for (const path of asked) {
    if (!rest.startsWith(path)) continue;
    const line = /^ (?:= )?((?:cap_|=|\d)[^\n]*)\n/.exec(rest.slice(path.length));
    if (!line) continue;
    found.set(path, line[1]!);
    rest = rest.slice(path.length + line[0].length);
  }
  return found;
}

async function getcap(paths: readonly string[]): Promise<string | undefined> {
  try {
    return (await run('getcap', paths, { allowFailure: true })).stdout;
  } catch (error) {
    if (error instanceof FlixError && error.code === 'missing-tool') return undefined;
    throw error;
  }
}
