import type { Attributes } from '../view/attributes.ts';
import type { Entry } from './entry.ts';
import { type Image, volumesOf } from './image.ts';

/** Extended attributes of what an image holds; `undefined`: it is no erofs, whose tools tell of none. */
export function imageAttributes(image: Image, entries: readonly Entry[]): Attributes | undefined {
  if (volumesOf(image).some(({ type }) => type !== 'erofs')) return undefined;
  return new Map(entries.flatMap(({ path, attributes }) => (attributes ? [[path, attributes]] : [])));
}
