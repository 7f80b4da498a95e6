import type { Kind, Stat } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';
import { oncePer } from './once.ts';

/** An entry of an extension that is visible in the merged view. */
export interface ShownEntry {
  readonly extension: Extension;
  readonly path: string;
  readonly kind: Kind;
  readonly stat: Stat;
}

/** Returns the entries of all extensions, except those that another extension shadows. */
export const shownEntries = oncePer((merge: Merge): readonly ShownEntry[] =>
  merge.sole ? entriesOf(merge.sole) : [...find(merge)],
);

/** Nothing hides an entry of a single extension, but its whiteouts are invisible. */
const entriesOf = oncePer((extension: Extension): readonly ShownEntry[] =>
  [...walk(extension.view, '/')]
    .map(({ path, kind }) => ({ extension, path, kind, stat: extension.view.stat(path) }))
    .filter(({ stat }) => !stat.whiteout),
);

function* find({ extensions, view }: Merge): Generator<ShownEntry> {
  for (const extension of extensions)
    for (const { path, kind } of walk(extension.view, '/')) {
      if (kind !== 'directory' && view.kind(path) === undefined) continue;
      if (kind !== 'directory' && view.source(path).view !== extension.layer) continue;
      yield { extension, path, kind, stat: extension.view.stat(path) };
    }
}
