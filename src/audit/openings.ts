import { loaderOpenings } from '../relocate/openings.ts';
import type { Loader } from '../resolve/loader.ts';
import { oncePer } from './once.ts';
import { readBytes } from '../view/text.ts';

/** Returns the variables and the files of the host through which a loader takes in code from outside its extension. */
export const openingsOf = oncePer((loader: Loader): readonly string[] =>
  loaderOpenings(readBytes(loader.view, loader.real), loader),
);
