import { follow, resolveParent } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { join } from '../view/path.ts';
import type { View } from '../view/view.ts';

/** The directories of PATH in which packages install programs. */
const DIRECTORIES = ['/usr/bin', '/usr/sbin', '/usr/games'];

export interface ProgramInPath {
  readonly name: string;
  readonly path: string;
  /** The path that a package lists: the target of a link of update-alternatives(1), otherwise the program's own. */
  readonly listed: string;
  /** Whether it is such a link, which no package lists. */
  readonly isAlternative: boolean;
}

/** Returns the programs in PATH; a link of update-alternatives that leads nowhere is left out. */
export function programsInPath(view: View): readonly ProgramInPath[] {
  return readOnce(view, '/');
}

const readOnce = memoised((view): readonly ProgramInPath[] =>
  DIRECTORIES.flatMap(directory =>
    [...view.list(directory)].flatMap(([name, kind]) => {
      if (kind === 'directory') return [];
      const path = join(directory, name);
      const isAlternative = kind === 'link' && view.readlink(path).startsWith('/etc/alternatives/');
      const listed = isAlternative ? follow(view, path).path : resolveParent(view, path);
      return listed === undefined ? [] : [{ name, path, listed, isAlternative }];
    }),
  ),
);
