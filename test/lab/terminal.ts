import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { waitFor } from './wait.ts';

/** A terminal of 100 columns and 30 lines in a tmux server of its own. */
export interface Terminal {
  /** Waits until the screen shows the text, and returns the screen. Throws with the screen if that takes five minutes. */
  shows(text: RegExp): Promise<string>;
  /** Presses keys, given by tmux's names. */
  press(...keys: string[]): Promise<void>;
  /** Waits for the program to end, and returns its exit status. */
  ended(): Promise<number>;
  /** Stops the server, and the program if it still runs. */
  close(): Promise<void>;
}

/** The value of TERM that describes it. */
export const TERM = 'screen-256color';

/** @param directory for the server's socket and the program's exit status; its path must be short, like any socket's */
export async function openTerminal(directory: string, command: readonly string[]): Promise<Terminal> {
  const status = path.join(directory, 'status');
  const tmux = (...options: string[]) =>
    execa('tmux', ['-S', path.join(directory, 'tmux'), '-f', '/dev/null', ...options], {
      reject: false,
      env: { LC_ALL: 'C.UTF-8' },
    });
  const pane = ['sh', '-c', '"$@"; echo $? > "$0.part"; mv "$0.part" "$0"; sleep 3600', status, ...command];
  const started = await tmux('new-session', '-d', '-x', '100', '-y', '30', ...pane);
  if (started.failed) throw new Error(started.stderr);
  const screen = async () => (await tmux('capture-pane', '-p')).stdout;

  let isClosed = false;

  async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
    try {
      return await waitFor(() => {
        if (isClosed) throw new Error('the terminal is closed');
        return look();
      });
    } catch (error) {
      throw new Error(`${what} did not come; the screen shows:\n${await screen()}`, { cause: error });
    }
  }

  return {
    shows: text =>
      until(async () => {
        const shown = await screen();
        return text.test(shown) ? shown : undefined;
      }, String(text)),
    press: async (...keys) => void (await tmux('send-keys', ...keys)),
    ended: () =>
      until(
        async () => (fs.existsSync(status) ? Number(fs.readFileSync(status, 'utf8')) : undefined),
        'the end of the program',
      ),
    close: async () => {
      isClosed = true;
      await tmux('kill-server');
    },
  };
}
