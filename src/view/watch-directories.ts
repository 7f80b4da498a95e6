import fs from 'node:fs';
import { changedWhileRead } from '../errors.ts';
import type { View } from './view.ts';
import { walk } from './walk.ts';

/**
 * Notes the state of every directory of a root that a tool will read by its path, and so through whatever links are there
 * by then. Returns a function that throws `FlixError` `changed` if an entry was added, removed, renamed or replaced since:
 * each of these sets the time of its directory (inode(7), ctime), which nobody can set back.
 *
 * @param view of a directory of this machine
 */
export function watchDirectories(view: View): () => void {
  const places = ['/', ...directoriesOf(view)].map(path => view.source(path).hostPath!);
  const before = new Map(places.map(place => [place, stateOf(place)]));
  return () => {
    for (const [place, state] of before) if (stateOf(place) !== state) throw changedWhileRead(place);
  };
}

function directoriesOf(view: View): string[] {
  return [...walk(view, '/')].flatMap(({ path, kind }) => (kind === 'directory' ? [path] : []));
}

function stateOf(directory: string): string {
  const stat = fs.lstatSync(directory, { bigint: true });
  if (!stat.isDirectory()) throw changedWhileRead(directory);
  return `${stat.dev}:${stat.ino} ${stat.ctimeNs}`;
}
