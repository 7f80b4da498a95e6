import type { View } from '../view/view.ts';
import type { LoadedObject } from './closure.ts';
import { loaderAt } from './loader.ts';
import { resolver } from './resolve.ts';

/**
 * Returns the function that finds the library that a program without run paths gets for a name: the loader itself opens it,
 * as it opens preloaded objects. It returns `undefined` for what the loader does not find or cannot load.
 *
 * @param interpreter the path of the loader in the view
 */
export function libraryFinder(view: View, interpreter: string): (name: string) => LoadedObject | undefined {
  const loader = loaderAt(view, interpreter);
  if (!loader) return () => undefined;
  const known = new Map<string, LoadedObject | undefined>();
  return name => {
    if (!known.has(name)) {
      const resolve = resolver([view], { preloadFile: false, libraryLoader: loader, opened: [name] });
      const { entry, objects } = resolve(loader.real);
      const edge = entry.edges.find(({ tag }) => tag === 'preload');
      known.set(name, loader.names.has(name) ? entry : objects.find(object => object === edge?.to));
    }
    return known.get(name);
  };
}
