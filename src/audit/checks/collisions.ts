import { aliasCollision } from './collisions/alias.ts';
import { libcFamilies } from './collisions/libc-family.ts';
import { pathCollision } from './collisions/path.ts';
import { sonameCollision } from './collisions/soname.ts';

/** What extensions that are merged together do to each other. */
export const collisions = [aliasCollision, libcFamilies, pathCollision, sonameCollision] as const;
