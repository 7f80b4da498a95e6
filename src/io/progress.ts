import { printable, printableLines } from '../printable.ts';
import { standardError } from './standard-error.ts';

/** Messages of a running command. They go to standard error, because standard output is for results only. */
export interface Progress {
  /**
   * Shows the current step in a line that the next step replaces; only on a terminal. With `--verbose`, prints it as a
   * line of its own, anywhere.
   *
   * @param at which of how many like it: `[12/340] writing /usr/bin/app`
   */
  step(text: string, at?: StepCount): void;
  /** Prints a message for the user, unless `--quiet` is given. */
  message(text: string): void;
  /** Clears the line of the last step. */
  done(): void;
}

export interface StepCount {
  /** Counts from 1. */
  readonly number: number;
  readonly total: number;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly verbose?: boolean;
  readonly stream?: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;
  readonly env?: NodeJS.ProcessEnv;
}

const CLEAR_LINE = '\r\u001B[2K';
/** A step that takes longer shows how long it has taken, so that the user sees that flix is alive. */
const SLOW_MS = 2000;

/** The last step shown, which an error message must not be appended to. */
let clearShown = () => {};

/** Clears the line of a step that an error ended. */
export function clearProgress(): void {
  clearShown();
}

export function progress({
  quiet,
  verbose = false,
  stream = standardError(),
  env = process.env,
}: ProgressOptions): Progress {
  const moving = !quiet && !verbose && stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  let shown = '';
  let ticking: NodeJS.Timeout | undefined;
  const clear = () => {
    clearInterval(ticking);
    if (shown) stream.write(CLEAR_LINE);
    shown = '';
  };
  const show = (text: string) => {
    if (shown) stream.write(CLEAR_LINE);
    stream.write((shown = text.slice(0, Math.max(0, (stream.columns || 80) - 1))));
  };
  clearShown = clear;
  return {
    step(text, at) {
      const line = printable(at ? `[${at.number}/${at.total}] ${text}` : text);
      if (verbose) stream.write(`${line}\n`);
      if (!moving) return;
      clear();
      show(line);
      const start = Date.now();
      ticking = setInterval(() => show(`${line} (${Math.round((Date.now() - start) / 1000)} s)`), SLOW_MS);
      ticking.unref();
    },
    message(text) {
      if (quiet) return;
      const step = shown;
      if (step) stream.write(CLEAR_LINE);
      stream.write(`${printableLines(text)}\n`);
      if (step) stream.write(step);
    },
    done: clear,
  };
}
