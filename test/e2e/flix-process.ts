import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/flix.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** How long it ran, in milliseconds. */
  readonly ms: number;
}

/** A run of flix in its own process group, as a shell starts it. */
export class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const started = performance.now();
    this.child = spawn(process.execPath, [bin, ...args], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stderr = '';
    this.child.stderr!.on('data', (text: Buffer) => (stderr += text.toString()));
    this.ended = new Promise(resolve =>
      this.child.once('close', (status, signal) =>
        resolve({ status, signal, stderr, ms: performance.now() - started }),
      ),
    );
  }

  /** Signals flix alone, or its whole process group as Ctrl-C does. Does nothing once flix has ended. */
  signal(signal: NodeJS.Signals, to: 'flix' | 'group' = 'flix'): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(to === 'group' ? -pid : pid, signal);
  }

  async killAfter(ms: number): Promise<Ended> {
    await delay(ms);
    this.signal('SIGKILL', 'group');
    return this.ended;
  }
}

/** Runs `work` with a new directory, which is removed even if `work` fails. */
export async function inScratch<T>(
  work: (at: (...parts: string[]) => string) => Promise<T>,
  parent = os.tmpdir(),
): Promise<T> {
  const directory = fs.mkdtempSync(path.join(parent, 'flix-kill-'));
  try {
    return await work((...parts) => path.join(directory, ...parts));
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
