import { style, type Style } from '../report/style.ts';

/** Colour on a terminal that shows it, unless the user wants none (no-color.org). */
export function terminalStyle(): Style {
  const { NO_COLOR, TERM } = process.env;
  return style(process.stdout.isTTY && !NO_COLOR && TERM !== 'dumb');
}
