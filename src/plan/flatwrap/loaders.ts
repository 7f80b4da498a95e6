import type { Loader } from '../../resolve/loader.ts';
import { follow } from '../../view/follow.ts';
import { basename } from '../../view/path.ts';
import { reachable } from '../library-names.ts';
import type { PlacedClosure } from '../missing.ts';
import type { ExpectedClosure } from '../plan.ts';
import type { Opening } from '../../manifest/manifest.ts';
import { variableOpening } from '../recipe.ts';
import type { Excluded } from '../request.ts';
import type { StagedRoot } from './staged-root.ts';
import type { StagedLoader } from './wrapped.ts';

/** The loaders of some closures, each once. */
export function loadersOf(closures: readonly PlacedClosure[]): Loader[] {
  const loaders = new Map<string, Loader>();
  for (const { closure } of closures)
    if (closure.loader && !loaders.has(closure.loader.path)) loaders.set(closure.loader.path, closure.loader);
  return [...loaders.values()];
}

/**
 * Brings a loader. Overmounted, /lib64 is the host's, a link to /usr/lib64 or /usr/lib: it has to be at both.
 * @param anywhere overmounted
 */
export function bringLoader(staged: StagedRoot, loader: Loader, anywhere: boolean): void {
  const why = 'the interpreter of programs here';
  staged.bring(loader.path, why);
  staged.bring(loader.real, why);
  if (!anywhere) return;
  const [, directory] = /^\/(lib[^/]*)\//.exec(loader.path) ?? [];
  for (const library of new Set([directory ?? 'lib', 'lib'])) {
    const path = `/usr/${library}/${basename(loader.path)}`;
    if (follow(loader.view, path).path === undefined)
      staged.link(path, loader.real, 'where the host’s links lead to');
    else staged.bring(path, why);
  }
}

/** What each loader must list in the staged root; by real paths in it. */
export function expectedOf(closures: readonly PlacedClosure[], excluded: Excluded): StagedLoader[] {
  return loadersOf(closures).map(({ path, id }) => ({
    path,
    expected: closures
      .filter(({ closure }) => closure.loader?.path === path && closure.entry.id !== id && !closure.fatal)
      .map(({ closure }): ExpectedClosure => {
        const loaded = reachable(closure, closure.entry, excluded);
        const names = [closure.entry, ...loaded].flatMap(({ edges }) => edges.map(({ name }) => name));
        const lacks = [...closure.missing.map(({ name }) => name), ...names.filter(excluded)];
        return {
          object: closure.entry.real,
          loads: [...new Set([...loaded].map(({ real }) => real))].sort(),
          lacks: [...new Set(lacks)].sort(),
          servedMore: false,
        };
      }),
  }));
}

/** Nothing is sealed: the loaders follow what they follow in their own root. */
export function openingsOf(loaders: readonly Loader[], staged: StagedRoot): Opening[] {
  return loaders.flatMap(({ family, real, preloadFile }) => {
    const file = staged.place(real);
    const variables = ['LD_LIBRARY_PATH', 'LD_PRELOAD', ...(family === 'glibc' ? ['LD_AUDIT'] : [])];
    const openings = variables.map(variable => variableOpening(variable, file));
    if (preloadFile !== undefined)
      openings.push({ through: preloadFile, admits: 'libraries that the host names', file });
    return openings;
  });
}
