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

/** Registers what a check keeps of the entries of all extensions, except those that another extension shadows. */
export const selectShown = selections(merge => (merge.sole ? entriesOf(merge.sole) : find(merge)));

/** The number of entries up to which those of an extension are kept for the next host; larger extensions are walked again. */
const MAX_KEPT = 20_000;

const kept = new WeakMap<Extension, readonly ShownEntry[]>();

/** Yields the entries of an extension that no other extension shadows. Its whiteouts are not visible. */
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
