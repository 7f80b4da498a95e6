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
