import { isatty } from 'node:tty';
import { safeOutput } from '../printable.ts';
import { style, type Style } from '../report/style.ts';

const STDOUT = 1;

/**
 * Whether standard output is a terminal that shows colour and the user wants it (no-color.org). Always a boolean:
 * `process.stdout.isTTY` is undefined on a pipe, and picocolors then uses colour wherever CI is set.
 */
export function showsColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isatty(STDOUT) && !NO_COLOR && TERM !== 'dumb';
}

export function terminalStyle(): Style {
  return style(showsColour());
}

/** Formats the one document that a command prints with `--json`. */
export function jsonText(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Writes results to standard output. All of them go through here, because names from roots and images may contain anything. */
export function writeResult(text: string): void {
  process.stdout.write(safeOutput(text));
}
