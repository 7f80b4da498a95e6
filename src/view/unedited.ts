import { memoised } from './memo.ts';
import { basename, join, parent } from './path.ts';
import type { Kind, OpenFile, FileSource, Stat, View } from './view.ts';

/** An edit, of unchanged length, that an earlier run made. */
export interface DoneEdit {
  readonly offset: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * Shows a tree as it was before an earlier run changed it: without the files that the run added, and with the original
 * content of the files that it edited, unless they were replaced since.
 *
 * @param edits by path
 */
export function uneditedView(
  tree: View,
  edits: ReadonlyMap<string, readonly DoneEdit[]>,
  added: ReadonlySet<string>,
): View {
  return new UneditedView(tree, edits, added);
}

class UneditedView implements View {
  readonly #tree: View;
  readonly #edits: ReadonlyMap<string, readonly DoneEdit[]>;
  readonly #added: ReadonlySet<string>;

  constructor(tree: View, edits: ReadonlyMap<string, readonly DoneEdit[]>, added: ReadonlySet<string>) {
    this.#tree = tree;
    this.#edits = edits;
    this.#added = added;
  }

  get label(): string {
    return this.#tree.label;
  }

  get versions(): boolean {
    return this.#tree.versions;
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    return this.#listed(this, directory);
  }

  kind(path: string): Kind | undefined {
    return path === '/' ? 'directory' : this.list(parent(path)).get(basename(path));
  }

  readlink(path: string): string {
    return this.#tree.readlink(path);
  }

  stat(path: string): Stat {
    return this.#tree.stat(path);
  }

  isMountPoint(directory: string): boolean {
    return this.#tree.isMountPoint(directory);
  }

  open(path: string): OpenFile {
    const file = this.#tree.open(path);
    const edits = this.#edits.get(path);
    return edits && edits.every(edit => holds(file, edit)) ? restored(file, edits) : file;
  }

  source(path: string): FileSource {
    const { hostPath } = this.#tree.source(path);
    return { view: this, path, hostPath: this.#edits.has(path) ? undefined : hostPath };
  }

  /** A directory that contains only added entries was itself added. */
  #isAdded(path: string, kind: Kind): boolean {
    if (this.#added.has(path)) return true;
    const holdsAdded = kind === 'directory' && [...this.#added].some(added => added.startsWith(`${path}/`));
    return holdsAdded && this.list(path).size === 0;
  }

  readonly #listed = memoised((_, directory) => {
    const names = [...this.#tree.list(directory)];
    return new Map(names.filter(([name, kind]) => !this.#isAdded(join(directory, name), kind)));
  });
}

function holds(file: OpenFile, { offset, after }: DoneEdit): boolean {
  return offset + after.length <= file.size && Buffer.compare(file.read(offset, after.length), after) === 0;
}

/** Returns a file that reads as if the edits were undone. */
export function restored(file: OpenFile, edits: readonly DoneEdit[]): OpenFile {
  return {
    size: file.size,
    id: file.id,
    close: () => file.close(),
    magic: file.magic,
    read(offset, length) {
      const bytes = Uint8Array.from(file.read(offset, length));
      for (const edit of edits)
        for (let i = 0; i < edit.before.length; i++) {
          const at = edit.offset + i - offset;
          if (at >= 0 && at < length) bytes[at] = edit.before[i]!;
        }
      return bytes;
    },
  };
}
