import { statSync } from 'node:fs';
import { sha256Files } from '../io/sha256.ts';
import type { BuiltTree } from './build-tree.ts';

/** What a file was and what it became. */
export interface Digest {
  /** In bytes, after. */
  readonly size: number;
  /** Hexadecimal sha256. */
  readonly before: string;
  readonly after: string;
}

/** Of every file that was copied, by its place in the tree. The tree must not change any more. */
export async function digestTree({
  directory,
  copies,
  originals,
}: BuiltTree): Promise<ReadonlyMap<string, Digest>> {
  const paths = copies.map(target => directory + target);
  const digests = await sha256Files(paths);
  return new Map(
    copies.map((target, i) => {
      const after = digests[i]!;
      return [target, { size: statSync(paths[i]!).size, before: originals.get(target) ?? after, after }];
    }),
  );
}
