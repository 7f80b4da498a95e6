import { run } from './spawn.ts';

/** Far below the kernel's limit for arguments (2 MB), whatever the paths. */
const FILES_AT_ONCE = 200;
const BYTES_AT_ONCE = 32 * 1024 * 1024;

/**
 * Digests of files of this machine, by sha256sum(1), so that this process can go on meanwhile: one batch at a time
 * while others are still being written, two at the end.
 */
export class DigestQueue {
  readonly #digests = new Map<string, string>();
  readonly #workers: Promise<void>[] = [];
  readonly #batches: string[][] = [];
  #active = 0;
  #batch: string[] = [];
  #bytes = 0;

  /** @param path of a file that does not change any more @returns whether a batch is full: then let it start */
  add(path: string, size: number): boolean {
    this.#batch.push(path);
    this.#bytes += size;
    if (this.#batch.length < FILES_AT_ONCE && this.#bytes < BYTES_AT_ONCE) return false;
    this.#close();
    if (this.#active === 0) this.#employ();
    return true;
  }

  /** All digests, hexadecimal, by path. Throws `FlixError`. */
  async finish(): Promise<ReadonlyMap<string, string>> {
    this.#close();
    this.#employ();
    this.#employ();
    await Promise.all(this.#workers);
    return this.#digests;
  }

  #close(): void {
    if (this.#batch.length > 0) this.#batches.push(this.#batch);
    this.#batch = [];
    this.#bytes = 0;
  }

  #employ(): void {
    const worker = this.#work();
    worker.catch(() => undefined); // `finish` throws it
    this.#workers.push(worker);
  }

  async #work(): Promise<void> {
    this.#active++;
    for (let batch = this.#batches.shift(); batch; batch = this.#batches.shift()) await this.#digest(batch);
    this.#active--;
  }

  async #digest(paths: readonly string[]): Promise<void> {
    const { stdout } = await run('sha256sum', ['--', ...paths]);
    // in the order of the paths; a name with a line break is escaped, and its line begins with a backslash
    const lines = [...stdout.matchAll(/^\\?([0-9a-f]{64}) /gm)];
    for (const [i, path] of paths.entries()) this.#digests.set(path, lines[i]![1]!);
  }
}
