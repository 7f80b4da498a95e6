import type { LoadedObject } from '../resolve/closure.ts';

/** Where the bytes of an object come from; of a stack of roots, the layer's label. */
export type Provided = Pick<LoadedObject, 'view' | 'real'>;

export function providerLabel({ view, real }: Provided): string {
  return view.source(real).view.label;
}

/** In bytes. */
export function objectSize({ view, real }: Provided): number {
  return view.stat(real).size;
}
