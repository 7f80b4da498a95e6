import { follow } from '../../src/view/follow.ts';
import type { View } from '../../src/view/view.ts';
import type { TruthLine } from './truth.ts';

/** How flix's result for a file differs from the loader's. Each difference is a failure. */
export type Difference =
  | 'absent' // flix does not list the file
  | 'refused' // only one of them says that the file cannot be started
  | 'set' // different libraries, compared by their real paths
  | 'literal' // the same files under different paths
  | 'order'
  | 'missing';

export interface Disagreement {
  readonly file: string;
  readonly difference: Difference;
  readonly truth: TruthLine;
  readonly ours: TruthLine | undefined;
}

/** Compares what flix says about the files of a root with what the root's loader says. */
export function compare(view: View, truth: readonly TruthLine[], ours: readonly TruthLine[]): Disagreement[] {
  const byFile = new Map(ours.map(line => [line.file, line]));
  return truth.flatMap(line => {
    const mine = byFile.get(line.file);
    return differences(view, line, mine).map(difference => ({
      file: line.file,
      difference,
      truth: line,
      ours: mine,
    }));
  });
}

function differences(view: View, truth: TruthLine, ours: TruthLine | undefined): Difference[] {
  if (!ours) return ['absent'];
  if ((truth.error === undefined) !== (ours.error === undefined)) return ['refused'];
  if (truth.error !== undefined) return [];
  const found: Difference[] = [];
  const real = (line: TruthLine) => literal(line).map(path => follow(view, path).path ?? path);
  if (!sameSet(real(truth), real(ours))) found.push('set');
  else if (!sameSet(literal(truth), literal(ours))) found.push('literal');
  else if (literal(truth).join('\0') !== literal(ours).join('\0')) found.push('order');
  if (!sameSet(truth.missing, ours.missing)) found.push('missing');
  return found;
}

function literal({ libs }: TruthLine): string[] {
  return libs.map(([, path]) => path);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join('\0') === [...b].sort().join('\0');
}
