import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { directoryView } from '../../src/view/directory.ts';
import { compare, type Disagreement } from './compare.ts';
import { truth, type Truth, type TruthLine, type TruthOptions } from './truth.ts';

export type ParityOptions = TruthOptions;

export interface Score {
  /** The number of files compared. */
  readonly files: number;
  readonly disagreements: readonly Disagreement[];
  readonly notAsked: Truth['notAsked'];
  readonly seconds: { readonly loader: number; readonly flix: number };
}

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Compares `flix tree --all` with a root's own loaders. Needs root. */
export async function parity(root: string, options: ParityOptions = {}): Promise<Score> {
  const start = performance.now();
  const { lines, notAsked } = await truth(root, options);
  const answered = performance.now();
  const ours = await flixTree(root, options);
  const seconds = { loader: (answered - start) / 1000, flix: (performance.now() - answered) / 1000 };
  return { files: lines.length, disagreements: compare(directoryView(root), lines, ours), notAsked, seconds };
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
