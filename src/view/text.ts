import { text } from '../elf/strings.ts';
import { follow } from './follow.ts';
import { memoised } from './memo.ts';
import { ReadFailure, type View } from './view.ts';

/** What is read in one piece has no business to be larger; a sparse file can claim anything. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The whole of a file, links followed; `undefined` if there is no such file, it is huge or may not be read. */
export function readBytes(view: View, path: string): Uint8Array | undefined {
  const target = follow(view, path);
  if (target.path === undefined || target.kind !== 'file') return undefined;
  try {
    const file = view.open(target.path);
    try {
      return file.size > MAX_BYTES ? undefined : file.read(0, file.size);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}

/** The same, as text; remembered. For small configuration files. */
export const readText = memoised((view, path) => {
  const bytes = readBytes(view, path);
  return bytes && text(bytes);
});

/** Enough for the first line of a script, as the kernel reads it (BINPRM_BUF_SIZE). */
const HEAD = 256;

/** How a file begins. @param path real, of a regular file. Throws `ReadFailure` */
export function headOf(view: View, path: string): string {
  const file = view.open(path);
  try {
    return text(file.read(0, Math.min(HEAD, file.size)));
  } finally {
    file.close();
  }
}

/** The interpreter of a script and its argument, as its first line names them; `undefined`: no script. */
export function shebang(
  head: string,
): { readonly interpreter: string; readonly argument: string } | undefined {
  const line = /^#![ \t]*(\S+)[ \t]*(.*)/.exec(head);
  return line ? { interpreter: line[1]!, argument: line[2]! } : undefined;
}
