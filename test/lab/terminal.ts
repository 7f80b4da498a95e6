import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';

/** A terminal of 100 columns and 30 lines, drawn by a tmux server of its own. */
export interface Terminal {
  /** Waits until the screen shows it. Throws after 30 s, with the screen. */
  shows(text: RegExp): Promise<string>;
  /** Keys by tmux's names. */
  press(...keys: string[]): Promise<void>;
  /** Waits for the program's exit status. */
  ended(): Promise<number>;
  /** Ends the server and with it the program, if it still runs. */
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** What programs are to take it for. */
export const TERM = 'screen-256color';

/** @param directory for the server's socket and the program's status; not too deep: a socket's path is short */
export async function openTerminal(directory: string, command: readonly string[]): Promise<Terminal> {
  const status = path.join(directory, 'status');
  const tmux = (...options: string[]) =>
    execa('tmux', ['-S', path.join(directory, 'tmux'), '-f', '/dev/null', ...options], {
      reject: false,
      env: { LC_ALL: 'C.UTF-8' },
    });
  const pane = ['sh', '-c', '"$@"; echo $? > "$0.part"; mv "$0.part" "$0"; sleep 60', status, ...command];
  const started = await tmux('new-session', '-d', '-x', '100', '-y', '30', ...pane);
  if (started.failed) throw new Error(started.stderr);
  const screen = async () => (await tmux('capture-pane', '-p')).stdout;

  async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
    for (
      const end = Date.now() + PATIENCE_MS;
      Date.now() < end;
      await new Promise(go => setTimeout(go, 100))
    ) {
      const seen = await look();
      if (seen !== undefined) return seen;
    }
    throw new Error(`${what} never came; the screen shows:\n${await screen()}`);
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
        'its end',
      ),
    close: async () => void (await tmux('kill-server')),
  };
}
