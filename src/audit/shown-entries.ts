import type { Kind, Stat } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';

/** What an extension shows in the merged view. */
export interface ShownEntry {
  readonly extension: Extension;
  readonly path: string;
  readonly kind: Kind;
  readonly stat: Stat;
}

const known = new WeakMap<Merge, readonly ShownEntry[]>();

/** Every entry of every extension, but for what another one covers. */
export function shownEntries(merge: Merge): readonly ShownEntry[] {
  let entries = known.get(merge);
  if (!entries) known.set(merge, (entries = [...find(merge)]));
  return entries;
}

function* find({ extensions, view }: Merge): Generator<ShownEntry> {
  for (const extension of extensions)
    for (const { path, kind } of walk(extension.view, '/')) {
      if (kind !== 'directory' && view.kind(path) === undefined) continue;
      if (kind !== 'directory' && view.source(path).view !== extension.layer) continue;
      yield { extension, path, kind, stat: extension.view.stat(path) };
    }
}
