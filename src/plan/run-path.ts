import { expandTokens } from '../resolve/tokens.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import { normalise, parent } from '../view/path.ts';

/** What becomes of an object's RPATH or RUNPATH. */
export type RunPathFate =
  | { readonly kind: 'none' } // it has none
  | { readonly kind: 'retire' } // the private directory serves all that it served
  | { readonly kind: 'keep' } // it leads to directories of the tree only, as it stands
  | { readonly kind: 'set'; readonly value: string };

/**
 * Elements that lead to a directory which the tree brings with libraries of its own are kept, so that what the object
 * opens there by name at run time is still found; all others lead to the host, and go.
 *
 * @param target the object's place in the tree
 * @param movedDirectory where a directory of the root is in the tree, if the tree owns it
 */
export function runPathFate(
  object: LoadedObject,
  target: string,
  movedDirectory: (directory: string) => string | undefined,
): RunPathFate {
  const { rpath, runpath } = object.facts.dynamic ?? {};
  const text = runpath ?? rpath;
  if (text === undefined) return { kind: 'none' };
  const elements = text.split(':');
  const kept = elements.flatMap(element => {
    const source = expand(element, parent(object.real));
    const moved = source === undefined ? undefined : movedDirectory(source);
    if (moved === undefined) return [];
    return [expand(element, parent(target)) === moved ? element : moved];
  });
  if (kept.length === 0) return { kind: 'retire' };
  return kept.length === elements.length && kept.every((element, i) => element === elements[i])
    ? { kind: 'keep' }
    : { kind: 'set', value: kept.join(':') };
}

/** Only what is sure on every machine: an element with another token, or a relative one, is not kept. */
function expand(element: string, origin: string): string | undefined {
  const expanded = expandTokens(element, { ORIGIN: origin, LIB: undefined, PLATFORM: undefined });
  return expanded?.startsWith('/') ? normalise(expanded) : undefined;
}
