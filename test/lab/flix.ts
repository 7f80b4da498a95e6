import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const program = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));

/** Runs flix in a process of its own, as users do. Throws with its output if it fails. */
export async function flix(...argv: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return await execa(process.execPath, [program, ...argv]);
}
