import { FlixError } from '../errors.ts';
import { join, parent } from './path.ts';
import type { Kind, OpenFile, FileSource, Stat, View } from './view.ts';

/**
 * Merges roots as overlayfs does (kernel Documentation/filesystems/overlayfs.rst): a directory merges with the directories
 * below it, anything else shadows what is below it, and a link replaces a directory below it. A whiteout hides what is
 * below it and is itself invisible. An opaque directory does not merge with those below it.
 *
 * @param layers the topmost first
 * @param label for messages
 * @param isOpaque default: no directory is opaque, because views do not provide extended attributes
 */
export function layeredView(layers: readonly View[], label: string, isOpaque: IsOpaque = () => false): View {
  return new LayeredView(layers, label, isOpaque);
}

export type IsOpaque = (layer: View, directory: string) => boolean;

class LayeredView implements View {
  readonly label: string;
  readonly versions: boolean;
  readonly #layers: readonly View[];
  readonly #isOpaque: IsOpaque;
  readonly #lists = new Map<string, ReadonlyMap<string, Kind>>();
  readonly #stacks = new Map<string, readonly View[]>();
  /** The directory in which an entry was looked up last, without a slash at its end, and its layers. */
  #last: { readonly directory: string; readonly layers: readonly View[] };

  constructor(layers: readonly View[], label: string, isOpaque: IsOpaque) {
    this.#layers = layers;
    this.#last = { directory: '', layers };
    this.#isOpaque = isOpaque;
    this.label = label;
    this.versions = layers.every(layer => layer.versions);
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    let merged = this.#lists.get(directory);
    if (!merged) {
      const names = new Map<string, Kind>();
      for (const layer of this.#directories(directory))
        for (const [name, kind] of layer.list(directory)) if (!names.has(name)) names.set(name, kind);
      for (const [name, kind] of names)
        if (kind === 'other' && this.#top(join(directory, name)) === undefined) names.delete(name);
      merged = new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
      this.#lists.set(directory, merged);
    }
    return merged;
  }

  kind(path: string): Kind | undefined {
    return this.#top(path)?.kind(path);
  }

  readlink(path: string): string {
    return this.#owner(path).readlink(path);
  }

  stat(path: string): Stat {
    return this.#owner(path).stat(path);
  }

  isMountPoint(directory: string): boolean {
    return this.#directories(directory).some(layer => layer.isMountPoint(directory));
  }

  open(path: string, kind?: Kind): OpenFile {
    return this.#owner(path).open(path, kind);
  }

  source(path: string): FileSource {
    return this.#owner(path).source(path);
  }

  #owner(path: string): View {
    const layer = this.#top(path);
    if (!layer) throw new FlixError('input', 'absent', `${path} is not in ${this.label}`);
    return layer;
  }

  #top(path: string): View | undefined {
    if (path === '/') return this.#layers[0];
    for (const layer of this.#above(path)) {
      const kind = layer.kind(path);
      if (kind !== undefined) return kind === 'other' && layer.stat(path).whiteout ? undefined : layer;
    }
    return undefined;
  }

  /** Returns the layers of the directory that contains an entry. Callers ask for the entries of one directory in a row. */
  #above(path: string): readonly View[] {
    const slash = path.lastIndexOf('/');
    const { directory } = this.#last;
    if (directory.length !== slash || !path.startsWith(directory)) {
      const above = path.slice(0, slash);
      this.#last = { directory: above, layers: this.#directories(above || '/') };
    }
    return this.#last.layers;
  }

  /** Returns the layers that contribute to the merged directory, the topmost first. */
  #directories(directory: string): readonly View[] {
    if (directory === '/') return this.#layers;
    let stack = this.#stacks.get(directory);
    if (!stack) {
      const found: View[] = [];
      for (const layer of this.#directories(parent(directory))) {
        const kind = layer.kind(directory);
        if (kind === undefined) continue;
        if (kind !== 'directory') break; // it shadows everything below
        found.push(layer);
        if (this.#isOpaque(layer, directory)) break;
      }
      this.#stacks.set(directory, (stack = found));
    }
    return stack;
  }
}
