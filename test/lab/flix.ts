import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const program = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));

/** Runs flix as its users do, in a process of its own. Throws with what it said if it fails. */
export async function flix(...argv: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await execa(process.execPath, [program, ...argv]);
}
