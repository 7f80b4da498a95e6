import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import type { Origin, Searched } from './closure.ts';

/** An element of a search path: as written, and the directory that it names. */
export interface SearchElement {
  readonly origin: Origin;
  readonly directory: string;
}

/** A directory that the loader searches. */
interface SearchDirectory {
  readonly origin: Origin;
  /** Literal, as the loader prints it. */
  readonly path: string;
  /** The element itself rather than a subdirectory for certain processors. */
  readonly plain: boolean;
  /** It has an entry of the name in question. */
  readonly holds: boolean;
}

/** A directory that exists, and its real path. */
interface ExistingDirectory extends SearchDirectory {
  readonly real: string;
}

interface SearchRules {
  readonly view: View;
  /** Subdirectories of each element that come before it, the element itself last as ''. */
  readonly subdirectories: readonly string[];
  /** Whether an element that is not a directory ends the search. */
  readonly endsAt: (directory: string, reason: 'loop' | 'not-a-directory') => boolean;
}

/** With more directories than this, names are looked up in an index. */
const FEW = 32;

/**
 * Directories that a loader searches in order. Absent ones are dropped at once and each directory is listed once, so that
 * the cost of a lookup does not depend on the length of the list: a file of 2 MB can make 2,000 million pairs of a
 * name and an element.
 */
export class SearchPath {
  readonly elements: readonly SearchElement[];
  /** An element that is not a directory ends the search after those before it. */
  ends = false;
  readonly #rules: SearchRules;
  #existing: readonly ExistingDirectory[] | undefined;
  #index: ReadonlyMap<string, readonly SearchDirectory[]> | undefined;

  constructor(elements: readonly SearchElement[], rules: SearchRules) {
    this.elements = elements;
    this.#rules = rules;
  }

  /** Returns the directories with an entry of this name, in order. */
  holding(name: string): readonly SearchDirectory[] {
    this.#existing ??= this.#findExisting();
    const { view } = this.#rules;
    if (isInEveryDirectory(name)) return this.#existing;
    if (this.#existing.length <= FEW) return this.#existing.filter(({ real }) => view.list(real).has(name));
    this.#index ??= this.#buildIndex(this.#existing);
    return this.#index.get(name) ?? [];
  }

  /** Yields every directory of the list, also absent ones, for a report of what was searched. */
  *all(name: string): Generator<SearchDirectory> {
    const { view, subdirectories, endsAt } = this.#rules;
    for (const { origin, directory } of this.elements)
      for (const subdirectory of subdirectories) {
        const path = [directory, subdirectory].filter(Boolean).join('/');
        const plain = subdirectory === '';
        const target = follow(view, path);
        const isDirectory = target.path !== undefined && target.kind === 'directory';
        yield {
          origin,
          path,
          plain,
          holds: isDirectory && (isInEveryDirectory(name) || view.list(target.path).has(name)),
        };
        if (isDirectory || !plain) continue;
        const reason = target.path === undefined ? target.reason : 'not-a-directory';
        if (reason !== 'absent' && endsAt(directory, reason)) return;
      }
  }

  #findExisting(): ExistingDirectory[] {
    const { view, subdirectories, endsAt } = this.#rules;
    const existing: ExistingDirectory[] = [];
    const known = new Set<string>();
    for (const { origin, directory } of this.elements)
      for (const subdirectory of subdirectories) {
        const path = [directory, subdirectory].filter(Boolean).join('/');
        const plain = subdirectory === '';
        const target = follow(view, path);
        if (target.path === undefined || target.kind !== 'directory') {
          const reason = target.path === undefined ? target.reason : 'not-a-directory';
          if (!plain || reason === 'absent' || !endsAt(directory, reason)) continue;
          this.ends = true;
          return existing;
        }
        // a second visit of a directory finds what the first has found
        const key = `${plain}${target.path}`;
        if (known.has(key)) continue;
        known.add(key);
        existing.push({ origin, path, plain, holds: true, real: target.path });
      }
    return existing;
  }

  #buildIndex(existing: readonly ExistingDirectory[]): Map<string, SearchDirectory[]> {
    const index = new Map<string, SearchDirectory[]>();
    for (const directory of existing)
      for (const name of this.#rules.view.list(directory.real).keys()) {
        const known = index.get(name);
        if (known) known.push(directory);
        else index.set(name, [directory]);
      }
    return index;
  }
}

function isInEveryDirectory(name: string): boolean {
  return name === '.' || name === '..';
}

/** Returns the path of a name in a directory, as the loader writes it. An empty directory is the current one. */
export function pathIn(directory: string, name: string): string {
  return directory === '' || directory === '/' ? `${directory}${name}` : `${directory}/${name}`;
}

/** Records the paths that a search tries, up to a limit. */
export class SearchTrace {
  readonly searched: Searched[] = [];
  /** There were more. */
  cut = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(searched: Searched): void {
    if (this.searched.length < this.#limit) this.searched.push(searched);
    else this.cut = true;
  }
}

/** For one missing name, and for all those of a process. */
const MAX_TRACE = 1000;
const MAX_TRACES = 100_000;

/** Gives out traces until a process has recorded enough. */
export class SearchTraces {
  #left = MAX_TRACES;

  record(search: (trace: SearchTrace) => void): SearchTrace {
    const trace = new SearchTrace(Math.min(MAX_TRACE, this.#left));
    search(trace);
    this.#left -= trace.searched.length;
    return trace;
  }
}
