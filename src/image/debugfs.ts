import { run } from '../io/spawn.ts';
import { hostile } from './entry.ts';
import { LIST_MS } from './reader.ts';

/** What debugfs answers to each of many commands, in one run. None may hold anything from the image. Throws `FlixError`. */
export async function askDebugfs(file: string, commands: readonly string[]): Promise<string[]> {
  if (commands.length === 0) return [];
  const input = commands.map(command => `${command}\n`).join('');
  const { stdout } = await run('debugfs', ['-f', '-', file], { input, timeoutMs: LIST_MS });
  // each command is repeated before its answer
  const answers = stdout.split(/^debugfs: .*\n/m).slice(1);
  if (answers.length !== commands.length)
    throw hostile('debugfs lists it in a way that cannot be told apart');
  return answers;
}
