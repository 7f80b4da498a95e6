import { ElfError } from '../elf/error.ts';
import { FlixError } from '../errors.ts';
import type { Remark } from '../manifest/manifest.ts';
import { follow, type Followed } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { ReadFailure, type View } from '../view/view.ts';

const MAGIC = 4;

/** Returns what is wrong with a file that starts with the ELF magic number; `undefined`: it is intact, or not ELF at all. */
function malformed(view: View, path: string): string | undefined {
  const object = objectAt(view, path);
  if (object.facts || !(object.failure instanceof ElfError)) return undefined;
  const { code, message } = object.failure;
  return code === 'magic' || view.stat(path).size < MAGIC ? undefined : message;
}

/** Throws `FlixError` if a file that the user named is a broken ELF file. */
export function refuseMalformed(view: View, path: string): void {
  const fault = malformed(view, path);
  if (fault !== undefined)
    throw new FlixError(
      'input',
      'malformed-elf',
      `${path} of ${view.label} is a broken ELF file: ${fault}`,
      'Fetch or build it again.',
    );
}

/** Reports a broken ELF file in a directory: not an error, since test data may be broken on purpose. */
export function malformedRemarks(view: View, path: string, target: string): Remark[] {
  const fault = malformed(view, path);
  if (fault === undefined) return [];
  return [
    { code: 'malformed-elf', file: target, message: `copied although it is a broken ELF file: ${fault}` },
  ];
}

/** The real path and kind of an existing file. */
export type Real = Extract<Followed, { path: string }>;

/** Follows a path that the user named. Throws `FlixError`: `absent`, `link-loop`. */
export function followNamed(view: View, path: string): Real {
  const found = follow(view, path);
  if (found.path !== undefined) return found;
  if (found.reason === 'loop')
    throw new FlixError(
      'input',
      'link-loop',
      `${path} is a loop of symbolic links in ${view.label}`,
      'Name the file itself instead of the link.',
    );
  const link = found.links.at(-1);
  const dangling =
    link === undefined
      ? ''
      : `: the link ${link} points to ${view.readlink(link)}, which does not exist inside the root`;
  throw new FlixError(
    'input',
    'absent',
    `${path} is not in ${view.label}${dangling}`,
    'Paths are looked up inside the root, not on this machine.',
  );
}

/** Returns the error for a FIFO, socket or device. */
export function specialFile(path: string): FlixError {
  return new FlixError(
    'input',
    'special-file',
    `${path} is a FIFO, socket or device, which does not belong in an image`,
    'Leave it out; systemd-tmpfiles creates such files on the host.',
  );
}

/**
 * Reads a link. Node decodes its text as UTF-8 and replaces invalid bytes by U+FFFD, which would make a link to another
 * file: throws `FlixError` then.
 */
export function linkText(view: View, path: string): string {
  const to = view.readlink(path);
  if (!to.includes('\uFFFD')) return to;
  throw new FlixError(
    'input',
    'name-not-utf8',
    `${path} of ${view.label} is a link to a name that is not valid UTF-8`,
    'Rename the target, or remove the link.',
  );
}

/** Whether everybody may read a file, so that it contains no secret. @param path real */
export function isPublic(view: View, path: string): boolean {
  return (view.stat(path).mode & 0o004) !== 0;
}

/** Whether the user of flix may read a file, such as a key. Files that everybody may read are not opened. */
export function isReadable(view: View, path: string): boolean {
  if (view.stat(path).kind !== 'file' || isPublic(view, path)) return true;
  try {
    view.open(path).close();
    return true;
  } catch (error) {
    if (error instanceof ReadFailure) return false;
    throw error;
  }
}
