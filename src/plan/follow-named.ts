import { FlixError } from '../errors.ts';
import { follow, type Followed } from '../view/follow.ts';
import type { View } from '../view/view.ts';

/** Where a path leads to that leads somewhere. */
export type Real = Extract<Followed, { path: string }>;

/** What a path that the user named leads to. Throws `FlixError`: `absent`, `link-loop`. */
export function followNamed(view: View, path: string): Real {
  const found = follow(view, path);
  if (found.path !== undefined) return found;
  if (found.reason === 'loop')
    throw new FlixError(
      'input',
      'link-loop',
      `${path} is a loop of links in ${view.label}`,
      'Name the file that it was meant to lead to.',
    );
  const link = found.links.at(-1);
  const dangling =
    link === undefined ? '' : `: its link ${link} to ${view.readlink(link)} leads nowhere inside the root`;
  throw new FlixError(
    'input',
    'absent',
    `${path} is not in ${view.label}${dangling}`,
    'Paths are looked up inside the root, not on this machine.',
  );
}
