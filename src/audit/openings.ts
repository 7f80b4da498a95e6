import { loaderOpenings } from '../relocate/openings.ts';
import type { Loader } from '../resolve/loader.ts';
import { readBytes } from '../view/text.ts';

/** Returns the variables and the files of the host through which a loader takes in code from outside its extension. */
export function openingsOf(loader: Loader): string[] {
  return loaderOpenings(readBytes(loader.view, loader.real), loader);
}
