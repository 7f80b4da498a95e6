import type { LoadedObject, Origin, Searched } from '../resolve/closure.ts';
import { printable } from '../printable.ts';

const RULES: Readonly<Record<Exclude<Origin['kind'], 'rpath' | 'runpath'>, string>> = {
  loaded: 'already loaded',
  path: 'named by its path',
  'library-path': 'LD_LIBRARY_PATH',
  cache: 'cache',
  default: 'default',
  'path-file': 'path file',
  loader: 'the loader itself',
};

/** Why a provider was chosen, or which rule led to a place, in a few words. */
export function originText(origin: Origin): string {
  if ('owner' in origin)
    return `${origin.kind.toUpperCase()} ${printable(origin.element)} of ${printable(origin.owner)}`;
  if ('element' in origin)
    return `${RULES[origin.kind]} ${printable(origin.element.replace(/(?<=.)\/+$/, ''))}`;
  return RULES[origin.kind];
}

const OUTCOMES: Readonly<Record<Searched['outcome'], string>> = {
  'not-a-directory': 'leads through a file',
  absent: 'absent',
  'other-abi': 'of another architecture',
  unreadable: 'may not be read',
  loop: 'links in a circle',
  'no-cache': 'no such cache',
  'not-in-cache': 'has no entry',
  refused: 'refused: NODEFLIB',
};

export function outcomeText(outcome: Searched['outcome']): string {
  return OUTCOMES[outcome];
}

/** Where the bytes of an object come from; of a stack of roots, the layer's label. */
export type Provided = Pick<LoadedObject, 'view' | 'real'>;

export function providerLabel({ view, real }: Provided): string {
  return view.source(real).view.label;
}

/** In bytes. */
export function objectSize({ view, real }: Provided): number {
  return view.stat(real).size;
}
