import type { Manifest } from '../../src/manifest/manifest.ts';
import { grouped } from '../../src/report/grouped.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { MARKER } from '../../test/lab/hostile-host.ts';

/** The bytes below a directory of the tree. */
export interface Part {
  readonly path: string;
  readonly bytes: number;
}

/** The bytes of a tree that came for one reason and that the work did not open. */
export interface UnusedPart extends Part {
  /** Why the tree has them, in the words of the manifest. */
  readonly why: string;
}

const PARTS = 5;

/** Returns the largest parts of a tree that the work did not open, by the reason why the tree has them. */
export function unusedParts(files: readonly Part[], manifest: Manifest): UnusedPart[] {
  const reasons = new Map(manifest.files.map(file => [file.path, reasonOf(file)]));
  return [...grouped(files, ({ path }) => reasons.get(path) ?? '')]
    .filter(([why]) => why !== '')
    .map(([why, part]) => ({
      why,
      path: largestDirectory(part),
      bytes: part.reduce((sum, { bytes }) => sum + bytes, 0),
    }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, PARTS);
}

/** Returns why a tree has a file; the reasons of private libraries name each other, and count as one. */
function reasonOf({ role, why }: Manifest['files'][number]): string {
  return role === 'library' || role === 'loader' ? 'libraries that programs of the tree load' : why;
}

/** Returns the directory, or file, at most four levels deep that contains most of the bytes. */
function largestDirectory(files: readonly Part[]): string {
  const sums = [...grouped(files, ({ path }) => path.split('/').slice(0, 5).join('/'))].map(
    ([path, part]) => ({ path, bytes: part.reduce((sum, { bytes }) => sum + bytes, 0) }),
  );
  return sums.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))[0]!.path;
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
