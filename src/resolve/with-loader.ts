import type { Closure, LoadedObject } from './closure.ts';

/** All that is in the process: the loader too, where an object needs it by name, as every libc does. */
export function withLoader({
  objects,
  loader,
}: Pick<Closure, 'objects' | 'loader'>): readonly LoadedObject[] {
  const needed = objects.flatMap(({ edges }) => edges).find(({ to }) => to?.id === loader?.id)?.to;
  return needed && !objects.includes(needed) ? [...objects, needed] : objects;
}
