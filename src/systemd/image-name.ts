const MAX_FILE_NAME = 255;

/** Why systemd passes over a directory or image of this name (src/basic/os-util.c, image_name_is_valid). */
export function imageNameFault(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'is no file name';
  if (name.includes('/')) return 'holds a slash';
  if (/\p{Cc}/u.test(name)) return 'holds a control character';
  if (/[\p{Cs}\uFFFD]/u.test(name)) return 'is not valid UTF-8';
  if (name.startsWith('.#')) return 'begins with “.#”, as temporary files do';
  if (Buffer.byteLength(name) > MAX_FILE_NAME) return `is longer than ${MAX_FILE_NAME} bytes`;
  return undefined;
}

import { FlixError } from '../errors.ts';

/** A file name has at most 255 bytes, and the longest that holds the name is `extension-release.NAME`. */
const MAX_BYTES = 255 - 'extension-release.'.length;

/**
 * Refuses a name that systemd would (src/basic/os-util.c, `image_name_is_valid`), and a hidden one.
 * Throws `FlixError` `bad-name`.
 */
export function checkImageName(name: string): void {
  const fault = faultOf(name);
  if (fault === undefined) return;
  throw new FlixError(
    'input',
    'bad-name',
    `${JSON.stringify(name)} cannot be the name of an extension: ${fault}`,
    'give another with --name',
  );
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.includes('/')) return 'it holds a slash';
  if (/\p{Cc}/u.test(name)) return 'it holds a control character';
  if (/[\p{Cs}\uFFFD]/u.test(name)) return 'it is not valid UTF-8';
  if (name.startsWith('.')) return 'it begins with a dot';
  if (name.endsWith('.raw')) return 'it ends in .raw, which the image adds';
  if (name.includes('\\')) return 'it holds a backslash, which SHA256SUMS would have to escape';
  if (Buffer.byteLength(name) > MAX_BYTES) return `it is longer than ${MAX_BYTES} bytes`;
  return undefined;
}

/** The name that systemd takes from the file name of an image: all but `.raw`, or `.tar` of what is to be imported. */
export function imageNameOf(fileName: string): string {
  return fileName.replace(/\.(?:raw|tar)$/, '');
}
