import type { FileUse } from '../../src/trial/trace.ts';
import { MARKER } from '../../test/lab/hostile-host.ts';

/** The bytes below a directory of the tree. */
export interface Part {
  readonly path: string;
  readonly bytes: number;
}

const PARTS = 3;

/** Returns the largest of the directories or files at most four levels deep, by the bytes of the files in them. */
export function largestParts(files: readonly Part[]): Part[] {
  const sums = new Map<string, number>();
  for (const { path, bytes } of files) {
    const part = path.split('/').slice(0, 5).join('/');
    sums.set(part, (sums.get(part) ?? 0) + bytes);
  }
  return [...sums]
    .map(([path, bytes]) => ({ path, bytes }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, PARTS);
}

/** Returns whether programs from the tree ran code of a decoy. */
export function ranDecoy(uses: readonly FileUse[], isOfTree: (program: string) => boolean): boolean {
  return uses.some(({ program, path, how }) => how === 'open' && path === MARKER && isOfTree(program));
}

/** Returns the options that lines of flix tell the user to add: `--needs recommended`, `--include PATH …`, `--dlopen NAME …`. */
export function printedOptions(text: string): string[] {
  const options: string[] = [];
  const add = (name: string, value: string) => {
    if (!options.some((option, i) => option === name && options[i + 1] === value)) options.push(name, value);
  };
  for (const line of text.split('\n')) {
    const level = /^\s*(?:needs)?\s+--needs (\w+) brings /.exec(line)?.[1];
    if (level !== undefined) add('--needs', level);
    const paste = /^\s*(?:needs)?\s+((?:--(?:include|dlopen) \S+ ?)+)$/.exec(line)?.[1];
    const bring = /^\s*Bring what is missing: flix vendor … (.*)$/.exec(line)?.[1];
    for (const [, name, value] of (paste ?? bring ?? '').matchAll(/(--(?:include|dlopen)) (\S+)/g))
      add(name!, value!);
  }
  return options;
}
