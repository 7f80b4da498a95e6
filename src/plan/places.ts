import type { View } from '../view/view.ts';
import type { Gathering } from './gather.ts';

/** Where files of the roots are in the tree. */
export interface Places {
  /** @param view the root that holds the file itself (no stack) */
  placeOf(view: View, path: string): string | undefined;
}

/** A DESTDIR tree: every file of it has its place. */
export function inPlace(tree: View): Places {
  return { placeOf: (view, path) => (view === tree ? path : undefined) };
}

export function gathered(root: View, gathering: Gathering): Places {
  return { placeOf: (view, path) => (view === root ? gathering.placeOf(path) : undefined) };
}

export function firstPlace(places: readonly Places[]): Places {
  return {
    placeOf(view, path) {
      for (const place of places) {
        const found = place.placeOf(view, path);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
