import { absoluteLink } from './layout/absolute-link.ts';
import { capability } from './layout/capability.ts';
import { danglingLink } from './layout/dangling-link.ts';
import { hiddenMount } from './layout/hidden-mount.ts';
import { awkwardName } from './layout/name.ts';
import { noExec } from './layout/no-exec.ts';
import { opaqueDirectory } from './layout/opaque-directory.ts';
import { outsideHierarchies } from './layout/outside.ts';
import { foreignOwner } from './layout/owner.ts';
import { replacedDirectory } from './layout/replaced-directory.ts';
import { secret } from './layout/secret.ts';
import { setuid } from './layout/setuid.ts';
import { specialFile } from './layout/special-file.ts';
import { worldWritable } from './layout/world-writable.ts';

/** Where files are, how they are linked, and whose they are. */
export const layout = [
  replacedDirectory,
  opaqueDirectory,
  hiddenMount,
  noExec,
  secret,
  setuid,
  capability,
  worldWritable,
  specialFile,
  foreignOwner,
  outsideHierarchies,
  danglingLink,
  absoluteLink,
  awkwardName,
] as const;
