import { join, within } from './path.ts';
import type { Kind, OpenFile, FileSource, Stat, View } from './view.ts';

/** A directory or file of a view that is shown at another path, as a bind mount shows it. */
export interface Shown {
  /** The path where it is shown. */
  readonly at: string;
  /** Its real path. */
  readonly from: string;
}

/**
 * Shows parts of a view at other paths, as bind mounts do: a later one covers what an earlier one shows. Nothing else is
 * shown, unless the first part is `/` at `/`. Directories on the way to a part exist.
 */
export function mountedView(view: View, parts: readonly Shown[], label: string): View {
  return new MountedView(view, parts, label);
}

class MountedView implements View {
  readonly label: string;
  readonly versions: boolean;
  readonly #view: View;
  /** The last first, since it covers the others. */
  readonly #parts: readonly Shown[];

  constructor(view: View, parts: readonly Shown[], label: string) {
    this.#view = view;
    this.#parts = [...parts].reverse();
    this.label = label;
    this.versions = view.versions;
  }

  list(directory: string): ReadonlyMap<string, Kind> {
    const place = this.#place(directory);
    const names = new Map(place === undefined ? [] : this.#view.list(place));
    for (const { at } of this.#parts) {
      if (at === '/' || at === directory || !within(directory, at)) continue;
      const rest = directory === '/' ? at.slice(1) : at.slice(directory.length + 1);
      const name = rest.split('/')[0]!;
      const kind = this.kind(join(directory, name));
      if (kind !== undefined) names.set(name, kind);
    }
    return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  kind(path: string): Kind | undefined {
    const place = this.#place(path);
    const kind = place === undefined ? undefined : this.#view.kind(place);
    return kind ?? (this.#leadsToPart(path) ? 'directory' : undefined);
  }

  readlink(path: string): string {
    return this.#view.readlink(this.#place(path) ?? path);
  }

  stat(path: string): Stat {
    const place = this.#place(path);
    if (place !== undefined && this.#view.kind(place) !== undefined) return this.#view.stat(place);
    return { ...this.#view.stat('/'), id: `${this.label} ${path}` };
  }

  isMountPoint(directory: string): boolean {
    const place = this.#place(directory);
    return place !== undefined && this.#view.isMountPoint(place);
  }

  open(path: string, kind?: Kind): OpenFile {
    return this.#view.open(this.#place(path) ?? path, kind);
  }

  source(path: string): FileSource {
    const place = this.#place(path);
    return place === undefined ? { view: this, path, hostPath: undefined } : this.#view.source(place);
  }

  /** Returns where the view has the path; `undefined` if no part shows it. */
  #place(path: string): string | undefined {
    const part = this.#parts.find(({ at }) => within(at, path));
    if (!part) return undefined;
    const rest = part.at === '/' ? path.slice(1) : path.slice(part.at.length + 1);
    return rest === '' ? part.from : join(part.from, rest);
  }

  #leadsToPart(path: string): boolean {
    return path === '/' || this.#parts.some(({ at }) => at !== path && within(path, at));
  }
}
