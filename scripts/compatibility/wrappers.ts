const EXEC = /^(\d+) +execve\("([^"]*)"(?:, .* = 0| <unfinished \.\.\.>|, .* <unfinished \.\.\.>)$/;
const FORK = /^(\d+) +(?:clone3?|v?fork)\(.*\) = (\d+)/;
const FORKING = /^(\d+) +(?:clone3?|v?fork)\(.* <unfinished \.\.\.>$/;
const FORKED = /^(\d+) +<\.\.\. (?:clone3?|v?fork) resumed>.* = (\d+)/;
/** What makes the view of a wrapper. */
const ENTERS = /\/(?:unshare|bwrap)$/;
const PID = /^\d+/;

/**
 * Tells the wrappers of Flatwrap mode, which a shell of the host runs, from the programs in their view, which have the same
 * paths: `line` returns a line of strace with `/wrapper` before the path of a wrapper that is started outside of a view.
 */
export class WrapperMarks {
  readonly #isWrapper: (path: string) => boolean;
  readonly #inView = new Map<string, boolean>();
  readonly #forking = new Set<string>();

  constructor(isWrapper: (path: string) => boolean) {
    this.#isWrapper = isWrapper;
  }

  line(line: string): string {
    const pid = PID.exec(line)?.[0];
    if (pid === undefined) return line;
    if (!this.#inView.has(pid)) this.#inView.set(pid, this.#isForkedInView());
    const fork = FORK.exec(line) ?? FORKED.exec(line);
    if (fork) {
      this.#forking.delete(pid);
      if (!this.#inView.has(fork[2]!)) this.#inView.set(fork[2]!, this.#inView.get(pid)!);
    } else if (FORKING.test(line)) this.#forking.add(pid);
    const path = EXEC.exec(line)?.[2];
    if (path === undefined) return line;
    if (ENTERS.test(path)) this.#inView.set(pid, true);
    else if (this.#inView.get(pid) !== true && this.#isWrapper(path))
      return line.replace('execve("', 'execve("/wrapper');
    return line;
  }

  /** A child may be seen before the call that made it returns. */
  #isForkedInView(): boolean {
    return [...this.#forking].some(parent => this.#inView.get(parent) === true);
  }
}
