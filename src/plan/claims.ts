import { FlixError } from '../errors.ts';
import { parent } from '../view/path.ts';
import type { Content, PlannedFile } from './plan.ts';

/** Records which file gets which path in the tree. Two different files for one path are an error. */
export class Claims {
  readonly #files = new Map<string, PlannedFile>();
  /** Paths of which other files are ignored. */
  readonly #overridden = new Set<string>();

  get(target: string): PlannedFile | undefined {
    return this.#files.get(target);
  }

  /** Claims a path. Throws `FlixError` if another file has it; for the same file, the first reason is kept. */
  claim(file: PlannedFile): void {
    const known = this.#files.get(file.target);
    if (!known) {
      this.#files.set(file.target, file);
      return;
    }
    if (isDirectory(known.content) && isDirectory(file.content)) return;
    if (this.overrides(file.target) && !isDirectory(known.content) && !isDirectory(file.content)) return;
    if (!sameContent(known.content, file.content)) throw taken(known, file);
  }

  /**
   * Claims a path in preference to every file that claims it later. Throws `FlixError` if another file has it, or if a
   * directory claims it later.
   */
  override(file: PlannedFile): void {
    this.#overridden.delete(file.target);
    this.claim(file);
    this.#overridden.add(file.target);
  }

  /** Whether a file was claimed in preference to all later ones. */
  overrides(target: string): boolean {
    return this.#overridden.has(target);
  }

  replace(file: PlannedFile): void {
    this.#files.set(file.target, file);
  }

  /** Whether a file lies below a directory of the tree. */
  hasBelow(directory: string): boolean {
    for (const target of this.#files.keys()) if (target.startsWith(`${directory}/`)) return true;
    return false;
  }

  /** Removes a file from the tree. */
  withdraw(target: string): void {
    this.#files.delete(target);
  }

  remove(target: string): void {
    this.#files.delete(target);
  }

  /** Returns the files sorted by target, in C order. Throws `FlixError` if a file lies below a path that is not a directory. */
  sorted(): PlannedFile[] {
    const files = [...this.#files.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
    for (const file of files) {
      const above = this.inTheWay(file.target);
      if (above) throw taken(above, file);
    }
    return files;
  }

  /**
   * Returns the file or link that lies where a parent directory of the target has to be. A link counts, too: writing the
   * target would write through it.
   */
  inTheWay(target: string): PlannedFile | undefined {
    for (let at = parent(target); at !== '/'; at = parent(at)) {
      const above = this.#files.get(at);
      if (above && !isDirectory(above.content)) return above;
    }
    return undefined;
  }
}

function isDirectory({ kind }: Content): boolean {
  return kind === 'directory' || kind === 'mount-point';
}

function sameContent(a: Content, b: Content): boolean {
  if (a.kind === 'copy' && b.kind === 'copy') return a.view === b.view && a.path === b.path;
  if (a.kind === 'link' && b.kind === 'link') return a.to === b.to;
  return a.kind === 'text' && b.kind === 'text' && a.text === b.text;
}

function taken(first: PlannedFile, second: PlannedFile): FlixError {
  return new FlixError(
    'input',
    'claimed-twice',
    `two files claim ${first.target}: ${describe(first)}, and ${describe(second)}`,
    'Give one of them another place (PATH:/usr/other/place), or leave it out.',
  );
}

function describe({ content, target, why }: PlannedFile): string {
  switch (content.kind) {
    case 'copy':
    case 'directory':
      return `${content.path} of ${content.view.label} (${why})`;
    case 'link':
      return `the link ${target} to ${content.to} (${why})`;
    case 'text':
    case 'mount-point':
      return `${target} (${why})`;
  }
}
