import { isatty } from 'node:tty';
import { style, type Style } from '../report/style.ts';

const STDOUT = 1;

/**
 * A terminal that shows colour, and a user who wants it (no-color.org). Never undefined, as `process.stdout.isTTY` is
 * on a pipe: picocolors, told nothing, colours wherever CI is set.
 */
export function showsColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isatty(STDOUT) && !NO_COLOR && TERM !== 'dumb';
}

export function terminalStyle(): Style {
  return style(showsColour());
}
