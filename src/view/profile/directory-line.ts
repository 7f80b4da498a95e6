import { join } from '../path.ts';
import type { Kind, View } from '../view.ts';
import type { DirectoryLine, FileEntry } from './format.ts';

interface Wanted {
  readonly isNoted: (path: string, kind: Kind) => boolean;
  readonly digest: (path: string) => string | null;
  /** The first path of every file so far, by its identity: the loader takes hard links for one object. */
  readonly firsts: Map<string, string>;
}

export function directoryLine(
  root: View,
  directory: string,
  { isNoted, digest, firsts }: Wanted,
): DirectoryLine {
  const entries = [...root.list(directory)].filter(([name, kind]) => isNoted(join(directory, name), kind));
  const of = (kind: Kind) => entries.flatMap(([name, is]) => (is === kind ? [name] : []));
  const others = of('other');
  const isWhiteout = (name: string) => root.stat(join(directory, name)).whiteout;
  return {
    directory,
    mode: root.stat(directory).mode,
    ...(directory !== '/' && root.isMountPoint(directory) && { mounted: true }),
    directories: of('directory'),
    links: of('link').map(name => [name, root.readlink(join(directory, name))]),
    files: of('file').map(name => fileEntry(name, join(directory, name))),
    others: others.filter(name => !isWhiteout(name)),
    whiteouts: others.filter(isWhiteout),
  };

  function fileEntry(name: string, path: string): FileEntry {
    const { size, mode, id } = root.stat(path);
    const first = firsts.get(id);
    if (first !== undefined) return [name, size, mode, digest(path), first];
    firsts.set(id, path);
    return [name, size, mode, digest(path)];
  }
}
