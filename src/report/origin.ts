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

/** Describes the rule by which an object was found, or a path searched, in a few words. */
export function originText(origin: Origin): string {
  if ('owner' in origin)
    return `${origin.kind.toUpperCase()} ${printable(origin.element)} of ${printable(origin.owner)}`;
  if ('element' in origin)
    return `${RULES[origin.kind]} ${printable(origin.element.replace(/(?<=.)\/+$/, ''))}`;
  return RULES[origin.kind];
}

const OUTCOMES: Readonly<Record<Searched['outcome'], string>> = {
  'not-a-directory': 'not a directory',
  absent: 'absent',
  'other-abi': 'another architecture',
  unreadable: 'permission denied',
  loop: 'loop of symbolic links',
  'no-device': 'a socket or a whiteout',
  'too-long': 'path too long',
  invalid: 'cannot be loaded',
  'no-cache': 'no such cache',
  'not-in-cache': 'no entry',
  refused: 'refused: NODEFLIB',
};

export function outcomeText(outcome: Searched['outcome']): string {
  return OUTCOMES[outcome];
}

/** An object and the view from which it is read. */
export type Provided = Pick<LoadedObject, 'view' | 'real'>;

/** Returns the label of the root that provides an object; in a stack of roots, that of its layer. */
export function providerLabel({ view, real }: Provided): string {
  return view.source(real).view.label;
}

/** Returns the size of the file in bytes. */
export function objectSize({ view, real }: Provided): number {
  return view.stat(real).size;
}
