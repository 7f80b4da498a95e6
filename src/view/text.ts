import { text } from '../elf/strings.ts';
import { follow } from './follow.ts';
import { memoised } from './memo.ts';
import { ReadFailure, type View } from './view.ts';

/** Nothing larger is read as a whole; a sparse file may claim any size. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Reads a whole file, following links; `undefined` if it does not exist, is too large or may not be read. */
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

/**
 * Returns a function that parses the text of a file, following links. It parses each file once, however many views show it,
 * and returns `undefined` where `readBytes` does. For small configuration files.
 */
export function textParser<T>(parse: (text: string) => T): (view: View, path: string) => T | undefined {
  const parsedAt = memoised((view, path): T | undefined => {
    const bytes = readBytes(view, path);
    return bytes && parse(text(bytes));
  });
  return (view, path) => {
    const target = follow(view, path);
    if (target.path === undefined || target.kind !== 'file') return undefined;
    const source = view.source(target.path);
    return parsedAt(source.view, source.path);
  };
}

/** Returns the text of a file, as `textParser` reads it. */
export const readText = textParser(content => content);

/** As much as the kernel reads of the first line of a script (BINPRM_BUF_SIZE). */
const HEAD = 256;

/** Reads the beginning of a file. Throws `ReadFailure`. @param path real, of a regular file */
export function headOf(view: View, path: string): string {
  const file = view.open(path);
  try {
    return text(file.read(0, Math.min(HEAD, file.size)));
  } finally {
    file.close();
  }
}

/** Returns the interpreter and argument that the first line of a script names; `undefined` if it is not a script. */
export function shebang(
  head: string,
): { readonly interpreter: string; readonly argument: string } | undefined {
  const line = /^#![ \t]*(\S+)[ \t]*(.*)/.exec(head);
  return line ? { interpreter: line[1]!, argument: line[2]! } : undefined;
}

/** Returns the same for a file; `undefined` if it cannot be read, too. @param path real, of a regular file */
export function shebangOf(view: View, path: string): ReturnType<typeof shebang> {
  try {
    return shebang(headOf(view, path));
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}
