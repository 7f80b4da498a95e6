import fs from 'node:fs';

/** The options of strace that `readTrace` needs. `-y` adds the real path of each descriptor. */
export const traceOptions = [
  '-f',
  '-y',
  '-qq',
  '-s',
  '4096',
  '-e',
  'trace=open,openat,execve,execveat,mmap,exit_group',
];

/** What a traced program did. Paths are real paths inside its root. */
export interface Trace {
  /** Files that were opened successfully. */
  readonly opened: readonly string[];
  /** Files that were mapped as executable. */
  readonly mapped: readonly string[];
  /** Programs that were started, by the paths given to execve. */
  readonly started: readonly string[];
}

const RESULT = /^\d+ +(?:open|openat)\(.*\) = \d+<(.*)>$/;
const MAPPED = /^\d+ +mmap\(.*PROT_EXEC.*, \d+<(.*?)>, .* = 0x/;
const STARTED = /^\d+ +execve\("((?:[^"\\]|\\.)*)".* = 0$/;

/**
 * Reads a log of strace from the start of `entry` on; everything before that sets up the root.
 *
 * @param root the path of the program's root on the machine, as `-y` prints it
 */
export function readTrace(log: string, root: string, entry: string): Trace {
  const lines = joined(fs.readFileSync(log, 'utf8').split('\n'));
  const start = lines.findIndex(line => STARTED.exec(line)?.[1] === entry);
  if (start < 0) throw new Error(`${log}: ${entry} was never started\n${lines.slice(-5).join('\n')}`);
  const own = lines.slice(start);
  const all = (pattern: RegExp) => [...new Set(own.flatMap(line => pattern.exec(line)?.[1] ?? []))];
  const inside = (file: string) => (file.startsWith(`${root}/`) ? file.slice(root.length) : file);
  return {
    opened: all(RESULT).map(inside),
    mapped: all(MAPPED).map(inside),
    started: all(STARTED),
  };
}

/** Joins the two lines of a call that was interrupted by another process's call. */
function joined(lines: readonly string[]): string[] {
  const begun = new Map<string, string>();
  return lines.flatMap(line => {
    const pid = line.slice(0, line.indexOf(' '));
    const head = / <unfinished \.\.\.>$/.exec(line);
    if (head) {
      begun.set(pid, line.slice(0, head.index));
      return [];
    }
    const tail = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line);
    return [tail ? (begun.get(pid) ?? '') + tail[1]! : line];
  });
}
