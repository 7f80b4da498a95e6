import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { directoryView } from '../../src/view/directory.ts';
import { compare, type Disagreement } from './compare.ts';
import { truth, type Truth, type TruthLine, type TruthOptions } from './truth.ts';

export type ParityOptions = TruthOptions;

export interface Score {
  /** How many were asked about. */
  readonly files: number;
  readonly disagreements: readonly Disagreement[];
  readonly unasked: Truth['unasked'];
  readonly seconds: { readonly loader: number; readonly flix: number };
}

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Holds `flix tree --all` against a root's own loaders. Needs root. */
export async function parity(root: string, options: ParityOptions = {}): Promise<Score> {
  const start = performance.now();
  const { lines, unasked } = await truth(root, options);
  const told = performance.now();
  const ours = await flixTree(root, options);
  const seconds = { loader: (told - start) / 1000, flix: (performance.now() - told) / 1000 };
  return { files: lines.length, disagreements: compare(directoryView(root), lines, ours), unasked, seconds };
}

async function flixTree(root: string, { cache = true }: ParityOptions): Promise<TruthLine[]> {
  const options = ['tree', '--root', root, '--all', '--ndjson', ...(cache ? [] : ['--no-cache'])];
  const { stdout } = await execa(
    process.execPath,
    ['--import', 'tsx', `${project}/src/cli/main.ts`, ...options],
    {
      cwd: project,
      maxBuffer: 1024 * 1024 * 1024,
    },
  );
  return stdout.split('\n').map(line => JSON.parse(line) as TruthLine);
}
