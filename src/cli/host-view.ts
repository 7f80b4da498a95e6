import { FlixError } from '../errors.ts';
import { withImage } from '../image/image.ts';
import { unpackImage } from '../image/image-view.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { fileReader } from '../view/file-reader.ts';
import { readOsRelease } from '../view/os-release.ts';
import { decodeProfile } from '../view/profile/profile.ts';
import { profileView } from '../view/profile/profile-view.ts';
import type { View } from '../view/view.ts';

/** Shows what was opened under a label; without one it is called as its os-release says. */
export type Opened = (label?: string) => View;

/**
 * A root, an image or a host profile while `use` looks at it, told apart by what stands there: an image is unpacked
 * for so long, without a mount and without privileges. Throws `FlixError`.
 */
export async function withHost<T>(place: string, use: (open: Opened) => T | Promise<T>): Promise<T> {
  if (!isFile(place) || isGzip(place)) return use(openerOf(place));
  return withImage(place, async image =>
    inPrivateDirectory(async directory => {
      await unpackImage(image, directory);
      return use(openerOf(directory));
    }),
  );
}

/** The same of what need not be unpacked. Throws `FlixError`: `not-unpacked` for an image. */
export function openHost(place: string, label?: string): View {
  if (!isFile(place) || isGzip(place)) return openerOf(place)(label);
  throw new FlixError(
    'input',
    'not-unpacked',
    `${place} is a file, and no host profile`,
    `Of an image make a profile: flix host snapshot --root ${place} -o <profile>`,
  );
}

/** What every host has. Throws `FlixError`: `no-host`. */
export function checkHost(view: View, place: string): View {
  if (readOsRelease(view)?.get('ID')) return view;
  throw new FlixError(
    'input',
    'no-host',
    `${place} is no host: it has no os-release with an ID=`,
    'Name the root directory of an operating system, its image, or a profile of it.',
  );
}

function openerOf(place: string): Opened {
  if (!isFile(place)) return label => directoryView(place, label === undefined ? {} : { label });
  const profile = decodeProfile(readOptionalBytes(place)!, place);
  return label => profileView(profile, label);
}

function isFile(place: string): boolean {
  return kindAt(realPlace(place)) === 'file';
}

/** RFC 1952. A profile is, and no image. */
export function isGzip(place: string): boolean {
  const file = fileReader(realPlace(place), place);
  try {
    return file.magic !== undefined && file.magic >>> 16 === 0x1f8b;
  } finally {
    file.close();
  }
}
