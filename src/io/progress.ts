import { printable, printableLines } from '../printable.ts';

/** What a run says while it works. All of it goes to standard error: results alone go to standard output. */
export interface Progress {
  /** What is being done now: a line that the next one replaces. Shown on a terminal only. */
  step(text: string): void;
  /** Something that the user should know; stays. Silent only with `--quiet`. */
  message(text: string): void;
  /** Takes the line of the last step away. */
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
