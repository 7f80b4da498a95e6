import { printable, printableLines } from '../printable.ts';

/** Messages of a running command. They go to standard error, because standard output is for results only. */
export interface Progress {
  /** Shows the current step in a line that the next step replaces. Only on a terminal. */
  step(text: string): void;
  /** Prints a message for the user, unless `--quiet` is given. */
  message(text: string): void;
  /** Clears the line of the last step. */
  done(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly stream?: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;
  readonly env?: NodeJS.ProcessEnv;
}

const CLEAR_LINE = '\r\u001B[2K';

export function progress({ quiet, stream = process.stderr, env = process.env }: ProgressOptions): Progress {
  const moving = !quiet && stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  let shown = '';
  const clear = () => {
    if (shown) stream.write(CLEAR_LINE);
    shown = '';
  };
  return {
    step(text) {
      if (!moving) return;
      clear();
      shown = printable(text).slice(0, Math.max(0, (stream.columns || 80) - 1));
      stream.write(shown);
    },
    message(text) {
      if (quiet) return;
      const step = shown;
      clear();
      stream.write(`${printableLines(text)}\n`);
      if (step) stream.write((shown = step));
    },
    done: clear,
  };
}
