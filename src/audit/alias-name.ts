import { basename, parent } from '../view/path.ts';

/** The short links by which a private directory fits into a loader: `/usr/local/.1234567`, `/usr/.1234`, `/usr/123`. */
export function isAliasName(path: string): boolean {
  const name = basename(path);
  return /^\.[0-9a-f]{7}$/.test(name) || (parent(path) === '/usr' && /^\.?[0-9a-f]{3,4}$/.test(name));
}
