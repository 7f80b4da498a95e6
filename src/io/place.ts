import path from 'node:path';

/**
 * A place that is written, and the siblings that a run may leave beside it when it is killed. They are siblings,
 * since a rename works inside one file system only. Whoever holds the lock owns them all.
 */
export interface Place {
  /** Absolute. */
  readonly target: string;
  readonly parent: string;
  /** What stood there before, while the new one is put in its place. */
  readonly old: string;
  readonly lock: string;
  /** Names of what is being built begin so. */
  readonly newPrefix: string;
}

export function placeOf(target: string): Place {
  const absolute = path.resolve(target);
  const { dir: parent, base } = path.parse(absolute);
  const sibling = (suffix: string) => path.join(parent, `.${base}.flix-${suffix}`);
  return {
    target: absolute,
    parent,
    old: sibling('old'),
    lock: sibling('lock'),
    newPrefix: `.${base}.flix-new-`,
  };
}
