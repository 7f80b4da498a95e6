import { run } from './spawn.ts';

/** Far below the kernel's limit for arguments (2 MB), whatever the paths. */
const FILES_AT_ONCE = 200;
const BYTES_AT_ONCE = 64 * 1024 * 1024;

/**
 * Digests of files of this machine, by sha256sum(1), so that this process can go on meanwhile: one batch at a time is
 * worked on while others are still being written.
 */
export class DigestQueue {
  readonly #digests = new Map<string, string>();
  #running: Promise<void> = Promise.resolve();
  #batch: string[] = [];
  #bytes = 0;

  /** @param path of a file that does not change any more @returns whether a batch was started: then let it start */
  add(path: string, size: number): boolean {
    this.#batch.push(path);
    this.#bytes += size;
    if (this.#batch.length < FILES_AT_ONCE && this.#bytes < BYTES_AT_ONCE) return false;
    this.#start();
    return true;
  }

  /** All digests, hexadecimal, by path. Throws `FlixError`. */
  async finish(): Promise<ReadonlyMap<string, string>> {
    this.#start();
    await this.#running;
    return this.#digests;
  }

  #start(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#bytes = 0;
    this.#running = this.#running.then(() => this.#digest(batch));
    this.#running.catch(() => undefined); // `finish` throws it
  }

  async #digest(paths: readonly string[]): Promise<void> {
    const { stdout } = await run('sha256sum', ['--', ...paths]);
    // in the order of the paths; a name with a line break is escaped, and its line begins with a backslash
    const lines = [...stdout.matchAll(/^\\?([0-9a-f]{64}) /gm)];
    for (const [i, path] of paths.entries()) this.#digests.set(path, lines[i]![1]!);
  }
}
