import type { Kind, Stat } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';
import { selections } from './selections.ts';

/** An entry of an extension that is visible in the merged view. */
export interface ShownEntry {
  readonly extension: Extension;
  readonly path: string;
  readonly kind: Kind;
  readonly stat: Stat;
}

/** Selects from the entries of all extensions, except those that another extension shadows. */
export const selectShown = selections(merge => (merge.sole ? entriesOf(merge.sole) : find(merge)));

/** An extension of more entries is walked again for each host: objects for a million of them would not fit into memory. */
const MAX_KEPT = 20_000;

/** The entries of extensions, if they are few. */
const kept = new WeakMap<Extension, readonly ShownEntry[]>();

/** Nothing hides an entry of a single extension, but its whiteouts are invisible. */
function* entriesOf(extension: Extension): Generator<ShownEntry> {
  const known = kept.get(extension);
  if (known) return yield* known;
  const few: ShownEntry[] = [];
  let number = 0;
  for (const { path, kind } of walk(extension.view, '/')) {
    const stat = extension.view.stat(path);
    if (stat.whiteout) continue;
    const entry = { extension, path, kind, stat };
    if (++number <= MAX_KEPT) few.push(entry);
    else few.length = 0;
    yield entry;
  }
  if (number <= MAX_KEPT) kept.set(extension, few);
}

function* find({ extensions, view }: Merge): Generator<ShownEntry> {
  for (const extension of extensions)
    for (const { path, kind } of walk(extension.view, '/')) {
      if (kind !== 'directory' && view.kind(path) === undefined) continue;
      if (kind !== 'directory' && view.source(path).view !== extension.layer) continue;
      yield { extension, path, kind, stat: extension.view.stat(path) };
    }
}
