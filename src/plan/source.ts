import { ElfError } from '../elf/error.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import type { Remark } from '../manifest/manifest.ts';
import { FlixError } from '../errors.ts';
import { follow, type Followed } from '../view/follow.ts';

const MAGIC = 4;

/** Why a file that begins like an ELF file is none; `undefined`: it is one, or never was meant to be. */
export function malformed(view: View, path: string): string | undefined {
  const object = objectAt(view, path);
  if (object.facts || !(object.failure instanceof ElfError)) return undefined;
  const { code, message } = object.failure;
  return code === 'magic' || view.stat(path).size < MAGIC ? undefined : message;
}

/** Test data of a package may be broken on purpose, so this is no error in a directory. */
export function malformedRemarks(view: View, path: string, target: string): Remark[] {
  const fault = malformed(view, path);
  if (fault === undefined) return [];
  return [{ code: 'malformed-elf', file: target, message: `a broken ELF file, taken as it is: ${fault}` }];
}

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

/** Node gives it as text: what is no UTF-8 comes out with U+FFFD, and a link with that leads elsewhere. */
export function linkText(view: View, path: string): string {
  const to = view.readlink(path);
  if (!to.includes('\uFFFD')) return to;
  throw new FlixError(
    'input',
    'name-not-utf8',
    `${path} of ${view.label} is a link to a name that is not valid UTF-8`,
    'Rename what it leads to, or remove the link.',
  );
}
