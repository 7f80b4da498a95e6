const EXEC = /^(\d+) +execve\("([^"]*)"(?:, .* = 0| <unfinished \.\.\.>|, .* <unfinished \.\.\.>)$/;
const FORK = /^(\d+) +(?:clone3?|v?fork)\(.*\) = (\d+)/;
const FORKING = /^(\d+) +(?:clone3?|v?fork)\(.* <unfinished \.\.\.>$/;
const FORKED = /^(\d+) +<\.\.\. (?:clone3?|v?fork) resumed>.* = (\d+)/;
/** What a wrapper runs before its program: the shell and the tools of the host that make the view. */
const TOOLS = /\/(?:sh|unshare|mount|bwrap)$/;
const PID = /^\d+/;

/**
 * Distinguishes the programs of the host that make a view of Flatwrap mode from the programs in that view, which have the same
 * paths. `line` returns a line of strace with `/wrapper` before the path of a wrapper that starts outside of a view, and before
 * the paths of the tools that it runs.
 */
export class WrapperMarks {
  readonly #isWrapper: (path: string) => boolean;
  /** Where each process is: outside, between a wrapper and its program, or in the view. */
  readonly #states = new Map<string, 'outside' | 'entering' | 'inside'>();
  readonly #forking = new Set<string>();
  #hasBegun = false;

  constructor(isWrapper: (path: string) => boolean) {
    this.#isWrapper = isWrapper;
  }

  line(line: string): string {
    const pid = PID.exec(line)?.[0];
    if (pid === undefined) return line;
    const state = this.#states.get(pid) ?? this.#stateOfForking();
    this.#states.set(pid, state);
    const fork = FORK.exec(line) ?? FORKED.exec(line);
    if (fork) {
      this.#forking.delete(pid);
      this.#states.set(fork[2]!, this.#states.get(fork[2]!) ?? state);
    } else if (FORKING.test(line)) this.#forking.add(pid);
    const path = EXEC.exec(line)?.[2];
    if (path === undefined || state === 'inside') return line;
    if (!this.#hasBegun) {
      // the program that enters the root, which may be a wrapper's by its path
      this.#hasBegun = true;
      return line;
    }
    const isOfHost = state === 'outside' ? this.#isWrapper(path) : TOOLS.test(path);
    if (isOfHost || state === 'entering') this.#states.set(pid, isOfHost ? 'entering' : 'inside');
    return isOfHost ? line.replace('execve("', 'execve("/wrapper') : line;
  }

  /** Returns where a process that is forking is. strace may show a child before the call that made it returns. */
  #stateOfForking(): 'outside' | 'entering' | 'inside' {
    const parents = [...this.#forking].map(parent => this.#states.get(parent));
    return (
      parents.find(state => state === 'inside') ?? parents.find(state => state !== undefined) ?? 'outside'
    );
  }
}
