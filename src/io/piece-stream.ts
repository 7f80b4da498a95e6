import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { FlixError } from '../errors.ts';
import { errnoOf } from './failure.ts';
import { fixedEnvironment, missingTool } from './spawn.ts';

/** How much of a failed tool's standard error is kept. */
const MAX_COMPLAINT = 4096;

/**
 * Runs a tool and yields what it prints, of any length. The tool is ended when the caller stops reading. Throws `FlixError`:
 * `missing-tool`, `tool-failed`, and what its input throws.
 */
export async function* outputOf(
  tool: string,
  args: readonly string[],
  input?: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const child = spawn(tool, args, {
    env: fixedEnvironment(),
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  let failure: unknown;
  child.stderr!.on('data', (piece: Buffer) => (complaint = (complaint + piece).slice(-MAX_COMPLAINT)));
  const ended = new Promise<number | null>(resolve => {
    child.once('error', error => {
      failure ??= errnoOf(error) === 'ENOENT' ? missingTool(tool) : error;
      resolve(null);
    });
    child.once('close', resolve);
  });
  if (input && child.stdin) {
    child.stdin.on('error', () => {}); // the tool may end before its input does
    const source = Readable.from(input, { objectMode: false });
    source.on('error', error => {
      failure ??= error;
      child.kill('SIGKILL');
    });
    source.pipe(child.stdin);
  }
  try {
    for await (const piece of child.stdout!) yield piece as Buffer;
    const status = await ended;
    if (failure !== undefined) throw failure;
    if (status !== 0)
      throw new FlixError(
        'input',
        'tool-failed',
        `${tool} failed (${status === null ? 'killed' : `exit status ${status}`}): ${complaint.trim()}`,
      );
  } finally {
    child.kill('SIGKILL');
  }
}
