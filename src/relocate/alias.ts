import { createHash } from 'node:crypto';
import path from 'node:path';

/** A link with a short name; both paths absolute. */
export interface Alias {
  readonly path: string;
  readonly to: string;
}

/** `/usr/local/.1234567` → `/usr/local/<name>`, for names that loaders have no room for. It names the directory above `lib`. */
export function longAlias(prefix: string, name: string): Alias {
  return { path: `${path.posix.dirname(prefix)}/.${hash(prefix, name).slice(0, 7)}`, to: prefix };
}

/**
 * `/usr/.1234` or `/usr/123` → the private directory itself, for loaders whose directories are `/usr/lib64/` or
 * `/usr/lib/`. Always in `/usr`: a link in `/opt` would make the host's `/opt` read-only on merging.
 * @param digits 4, or 3 and no dot
 */
export function shortAlias(prefix: string, name: string, digits: number): Alias {
  return { path: `/usr/${digits > 3 ? '.' : ''}${hash(prefix, name).slice(0, digits)}`, to: `${prefix}/lib` };
}

/** By name where that decides the prefix, so that the alias of a name is the same in every tree. */
function hash(prefix: string, name: string): string {
  return createHash('sha256')
    .update(prefix === `/usr/local/${name}` ? name : prefix)
    .digest('hex');
}
