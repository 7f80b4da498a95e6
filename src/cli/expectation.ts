import { FlixError } from '../errors.ts';
import { printable } from '../printable.ts';
import { standardError } from '../io/standard-error.ts';
import { EXIT } from './exit.ts';

/** What the user expects of a command; `undefined`: anything. */
export interface Expectation {
  readonly status: number | undefined;
  /** Matches some part of the output. */
  readonly prints: RegExp | undefined;
}

/** Reads `--status` and `--prints`. Throws `FlixError` `usage`. */
export function expectationOf({ status, prints }: { status?: string; prints?: string }): Expectation {
  if (status !== undefined && !(/^\d{1,3}$/.test(status) && Number(status) <= 255))
    throw new FlixError(
      'input',
      'usage',
      `--status ${status} is not an exit status`,
      'For example: --status 0',
    );
  try {
    return {
      status: status === undefined ? undefined : Number(status),
      prints: prints === undefined ? undefined : new RegExp(prints, 'm'),
    };
  } catch (error) {
    throw new FlixError(
      'input',
      'usage',
      `--prints: ${(error as Error).message}`,
      'Give a regular expression of JavaScript.',
    );
  }
}

/** Prints in what the command differs from the expectation, and returns the exit status of flix. */
export function statusFor(expected: Expectation, status: number, output: string): number {
  const differences = differencesFrom(expected, status, output);
  for (const text of differences) standardError().write(`flix: ${printable(text)}\n`);
  if (differences.length > 0) return EXIT.findings;
  return expected.status === undefined ? status : EXIT.done;
}

/** Returns the differences from an expectation, as sentences without a full stop. */
function differencesFrom({ status, prints }: Expectation, actual: number, output: string): string[] {
  return [
    ...(status === undefined || status === actual
      ? []
      : [`the command ended with status ${actual} instead of ${status}`]),
    ...(prints === undefined || prints.test(output) ? [] : [`the output does not match ${prints.source}`]),
  ];
}
