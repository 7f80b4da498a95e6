import { FlixError } from '../errors.ts';

/** The longest file name, in bytes. */
const MAX_FILE_NAME = 255;
/** The longest name for which `extension-release.NAME` is a file name. */
const MAX_NAME = MAX_FILE_NAME - 'extension-release.'.length;

/**
 * Says what makes systemd ignore a directory or image of this name, as the predicate of a sentence (src/basic/os-util.c,
 * image_name_is_valid); `undefined`: nothing does.
 */
export function imageNameFault(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'is not a file name';
  if (name.includes('/')) return 'contains a slash';
  if (/\p{Cc}/u.test(name)) return 'contains a control character';
  if (/[\p{Cs}\uFFFD]/u.test(name)) return 'is not valid UTF-8';
  if (name.startsWith('.#')) return 'begins with “.#”, as temporary files do';
  if (Buffer.byteLength(name) > MAX_FILE_NAME) return `is longer than ${MAX_FILE_NAME} bytes`;
  return undefined;
}

/**
 * Refuses names that systemd ignores, and names for which flix could not write a release file, an image or a line in
 * SHA256SUMS. Throws `FlixError` `bad-name`.
 */
export function checkImageName(name: string): void {
  const fault = (name.startsWith('.') ? 'begins with a dot' : imageNameFault(name)) ?? unusableName(name);
  if (fault === undefined) return;
  throw new FlixError(
    'input',
    'bad-name',
    `${JSON.stringify(name)} cannot be the name of an extension: it ${fault}`,
    'Choose another name with --name.',
  );
}

function unusableName(name: string): string | undefined {
  if (name.endsWith('.raw')) return 'ends in .raw, which flix appends to the name of the image';
  if (name.includes('\\')) return 'contains a backslash, which SHA256SUMS would have to escape';
  if (Buffer.byteLength(name) > MAX_NAME) return `is longer than ${MAX_NAME} bytes`;
  return undefined;
}

/** Returns the name that systemd derives from the file name of an image: without `.raw`, or `.tar` for an archive to import. */
export function imageNameOf(fileName: string): string {
  return fileName.replace(/\.(?:raw|tar)$/, '');
}
