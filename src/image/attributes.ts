import type { Attributes } from '../view/attributes.ts';
import type { Entry } from './entry.ts';

/** Extended attributes of what an image holds. */
export function imageAttributes(entries: readonly Entry[]): Attributes {
  return new Map(entries.flatMap(({ path, attributes }) => (attributes ? [[path, attributes]] : [])));
}
