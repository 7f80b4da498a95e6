import type { LoadedObject } from './closure.ts';
import { type Loader, minorVersion } from './loader.ts';

/** The first glibc whose dlopen(3) does not make the stack executable (NEWS for 2.41). */
const FIRST_REFUSING = 41;

/**
 * Returns the objects that need an executable stack which the process lacks when they are opened at run time. glibc makes
 * the stack executable for what a program loads at start; musl ignores PT_GNU_STACK.
 *
 * @param started the objects that the program loads at start
 * @param opened those that dlopen(3) adds to them
 */
export function needingStack(
  { family }: Pick<Loader, 'family'>,
  started: readonly LoadedObject[],
  opened: readonly LoadedObject[],
): LoadedObject[] {
  if (family !== 'glibc' || started.some(({ facts }) => facts.executableStack)) return [];
  return opened.filter(({ facts }) => facts.executableStack);
}

/** Whether dlopen(3) refuses such objects; before, it makes the stack executable. */
export function refusesStack(loader: Loader): boolean {
  return loader.family === 'glibc' && minorVersion(loader) >= FIRST_REFUSING;
}

/** Returns an object and everything that it loads, without what the process has loaded before. */
export function addedBy(object: LoadedObject, before: readonly LoadedObject[]): LoadedObject[] {
  const known = new Set(before.map(({ id }) => id));
  const added = new Set([object]);
  for (const { edges } of added) for (const { to } of edges) if (to && !known.has(to.id)) added.add(to);
  return [...added].filter(({ id }) => !known.has(id));
}
