import { follow } from '../view/follow.ts';
import { join, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { callsLocator, textsAt } from './evidence.ts';
import type { Need } from './need.ts';

/** What formats such as `%s/vlc` and `%.*s/vlc` put before a path that begins at the object's own directory. */
const FORMAT = /^%(?:\.\*)?s(?=\/)/;
const RELATIVE = /^(?:\/|(?:\/?\.\.\/)(?!\.\.))?[\w+.-]+(?:\/[^%]*)?$/;

/** Whether an object learns where its own file is. @param real its real path */
export function locatesItself(view: View, real: string): boolean {
  return callsLocator(view, real) || textsAt(view, real).whole.includes('/proc/self/maps');
}

/** Returns the paths beside an object that its strings lead to, each with the string. @param real its real path */
export function neighboursOf(view: View, real: string): Map<string, string> {
  const directory = parent(real);
  const texts = textsAt(view, real).whole.filter(text => text.includes('/'));
  const found = new Map<string, string>();
  for (const text of texts)
    for (const path of neighbourIn(view, directory, text.replace(FORMAT, '')))
      if (!found.has(path)) found.set(path, text);
  return found;
}

/** Returns what a library looks for beside its own file. @param path real */
export function besideNeeds(view: View, path: string): Need[] {
  if (!locatesItself(view, path)) return [];
  return [...neighboursOf(view, path)].map(([what, text]) => ({
    what,
    strength: 'recommended',
    evidence: { kind: 'beside', file: path, text },
  }));
}

/** Returns the first component that a string leads to from a directory, if it exists there and not as an absolute path. */
function neighbourIn(view: View, directory: string, text: string): string[] {
  if (!RELATIVE.test(text)) return [];
  if (text.startsWith('/') && view.kind(`/${text.split('/')[1]}`) !== undefined) return [];
  const parts = text.split('/').filter(Boolean);
  const up = parts[0] === '..';
  const name = up ? parts[1] : parts[0];
  const at = up ? parent(directory) : directory;
  if (name === undefined || name === '.' || at === '/' || at === '/usr') return [];
  const path = join(at, name);
  // all of the string has to exist: a word alone may have another purpose
  return follow(view, join(at, parts.slice(up ? 1 : 0).join('/'))).path === undefined ? [] : [path];
}
