import { withOwners } from '../view/owners.ts';
import type { View } from '../view/view.ts';
import type { Entry } from './entry.ts';

/** An unpacked image with the owners that it has inside: an ordinary user cannot give files away. */
export function ownedView(unpacked: View, entries: readonly Entry[]): View {
  const owners = new Map(entries.map(({ path, uid, gid }) => [path, { uid, gid }]));
  return withOwners(unpacked, path => owners.get(path));
}
