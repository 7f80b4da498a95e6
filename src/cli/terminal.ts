import { style, type Style } from '../report/style.ts';

/** A terminal that shows colour, and a user who wants it (no-color.org). */
export function showsColour(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY && !NO_COLOR && TERM !== 'dumb';
}

export function terminalStyle(): Style {
  return style(showsColour());
}
