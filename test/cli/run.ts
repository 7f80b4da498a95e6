import type { Command } from 'commander';
import { vi } from 'vitest';
import { explainFailure } from '../../src/cli/exit.ts';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** Runs a command as `flix` does, but inside this process. */
export async function run(command: Command, ...argv: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += String(text);
      return true;
    }),
  );
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (error) {
    const { status, text } = explainFailure(error);
    written.stderr += text;
    process.exitCode = status;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const status = process.exitCode;
  process.exitCode = before;
  return { ...written, status };
}
