import { FlixError } from '../errors.ts';
import type { OptionTable } from './options.ts';

/** The options of commands that run a command of the user. */
export const commandOptions = {
  env: {
    flags: '--env <name=value>',
    type: 'list',
    help: 'set a variable for the command',
    default: [],
  },
  network: {
    flags: '--network',
    type: 'switch',
    help: 'let the command use the network',
    default: false,
  },
  report: {
    flags: '--report <file>',
    type: 'path',
    help: 'also write what the command used as JSON',
  },
} as const satisfies OptionTable;

/** Divides the operands at `--`, which commander removes. */
export function splitCommand(
  operands: readonly string[],
  usage: string,
): { places: readonly string[]; words: readonly string[] } {
  const at = process.argv.indexOf('--');
  const count = at < 0 ? 0 : process.argv.length - at - 1;
  const places = operands.slice(0, operands.length - count);
  if (count === 0 || places.length === 0)
    throw new FlixError(
      'input',
      'no-command',
      count === 0 ? 'no command is named' : 'nothing is named before the --',
      usage,
    );
  return { places, words: operands.slice(-count) };
}

/** Reads `NAME=VALUE`. Throws `FlixError` `bad-variable`. */
export function variables(assignments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    assignments.map(text => {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined)
        throw new FlixError('input', 'bad-variable', `--env ${text} is not NAME=VALUE`);
      return [name, value];
    }),
  );
}
