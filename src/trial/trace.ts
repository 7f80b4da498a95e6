import { join } from '../view/path.ts';

/** How a program used a path. */
export interface FileUse {
  /** The program, by the path under which it was started; for `run`, the one that started it. */
  readonly program: string;
  readonly how: 'open' | 'run' | 'look';
  /** Absolute, as the program spelled it. */
  readonly path: string;
  /** The path of the opened file, without links; absent unless it was opened. */
  readonly real?: string;
  readonly outcome: 'found' | 'absent' | 'failed';
}

const OPENS = new Set(['open', 'openat', 'openat2']);
const RUNS = new Set(['execve', 'execveat']);
const FORKS = new Set(['clone', 'clone3', 'fork', 'vfork']);

/**
 * Reads the lines of strace(1), run with `--follow-forks --decode-fds=path --pidns-translation`, one after the other, and
 * collects each use of a path once. Leaves out the start of the command and all before it.
 */
export class TraceReader {
  readonly #uses = new Map<string, FileUse>();
  readonly #programs = new Map<string, string>();
  readonly #directories = new Map<string, string>();
  readonly #begun = new Map<string, string>();
  readonly #before: number;
  #starts = 0;

  /** @param before how many programs are started one after the other before the command */
  constructor(before: number) {
    this.#before = before;
  }

  get uses(): readonly FileUse[] {
    return [...this.#uses.values()];
  }

  /** Whether the command itself was started. */
  get started(): boolean {
    return this.#starts > this.#before;
  }

  line(line: string): void {
    const [, pid, rest] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    if (pid === undefined || rest === undefined) return;
    const unfinished = ' <unfinished ...>';
    if (rest.endsWith(unfinished)) {
      this.#begun.set(pid, rest.slice(0, -unfinished.length));
      return;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(rest);
    const call = parseCall(resumed ? (this.#begun.get(pid) ?? '') + resumed[1]! : rest);
    this.#begun.delete(pid);
    if (call) this.#call(pid, call);
  }

  #call(pid: string, call: Call): void {
    const { name, result } = call;
    if (!this.#programs.has(pid)) this.#adopt(pid);
    if (FORKS.has(name)) {
      const child = /\/\* (\d+) in strace's PID NS \*\//.exec(result)?.[1] ?? /^\d+/.exec(result)?.[0];
      if (child !== undefined) this.#inherit(pid, child);
      return;
    }
    if (call.directory !== undefined) this.#directories.set(pid, call.directory);
    if (call.path === undefined || call.path === '') return;
    const path = call.path.startsWith('/')
      ? call.path
      : join(call.base ?? this.#directories.get(pid) ?? '/', call.path);
    const outcome = outcomeOf(result);
    if (name === 'chdir' && outcome === 'found') this.#directories.set(pid, path);
    const how = RUNS.has(name) ? 'run' : OPENS.has(name) ? 'open' : 'look';
    const program = this.#programs.get(pid);
    const wasStarted = this.started;
    if (how === 'run' && outcome === 'found') {
      this.#starts++;
      this.#programs.set(pid, path);
    }
    if (!wasStarted || program === undefined) return;
    const real = how === 'open' && outcome === 'found' ? descriptorPath(result) : undefined;
    const key = `${program}\0${how}\0${outcome}\0${path}`;
    if (!this.#uses.has(key))
      this.#uses.set(key, { program, how, path, outcome, ...(real !== undefined && { real }) });
  }

  /** A child may be seen before the call that made it returns. */
  #adopt(child: string): void {
    for (const [parent, text] of this.#begun)
      if (FORKS.has(/^\w+/.exec(text)?.[0] ?? '')) this.#inherit(parent, child);
  }

  #inherit(parent: string, child: string): void {
    for (const known of [this.#programs, this.#directories]) {
      const value = known.get(parent);
      if (value !== undefined && !known.has(child)) known.set(child, value);
    }
  }
}

interface Call {
  readonly name: string;
  /** As in the call, unescaped. */
  readonly path: string | undefined;
  /** The directory of the descriptor to which the path is relative. */
  readonly base: string | undefined;
  /** The working directory, where the call shows it. */
  readonly directory: string | undefined;
  /** All after the equals sign. */
  readonly result: string;
}

const CALL = /^(\w+)\((.*)\) += (.*)$/s;
/** A descriptor argument with its path, before the path argument of an …at call. */
const AT = /^(AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>(?:\(deleted\))?, /;
const TEXT = /^"((?:[^"\\]|\\.)*)"/;

function parseCall(text: string): Call | undefined {
  const [, name, args, result] = CALL.exec(text) ?? [];
  if (name === undefined || args === undefined || result === undefined) return undefined;
  const at = AT.exec(args);
  const base = at ? unescape(at[2]!) : undefined;
  const path = TEXT.exec(at ? args.slice(at[0].length) : args)?.[1];
  return {
    name,
    path: path === undefined ? undefined : unescape(path),
    base,
    directory: at?.[1] === 'AT_FDCWD' ? base : undefined,
    result,
  };
}

function outcomeOf(result: string): FileUse['outcome'] {
  if (!result.startsWith('-1 ')) return 'found';
  return /^-1 (?:ENOENT|ENOTDIR) /.test(result) ? 'absent' : 'failed';
}

/** `3</usr/lib/libc.so.6>` */
function descriptorPath(result: string): string | undefined {
  const found = /^\d+<((?:[^>\\]|\\.)*)>/.exec(result)?.[1];
  return found === undefined ? undefined : unescape(found);
}

const LETTERS: Readonly<Record<string, string>> = { t: '\t', n: '\n', v: '\v', f: '\f', r: '\r' };

/** Undoes the escapes of strace, which prints bytes that are not ASCII in octal. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = text.replaceAll(
    /\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/gs,
    (_all, hex, octal, other: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return octal === undefined
        ? (LETTERS[other] ?? other)
        : String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    },
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
