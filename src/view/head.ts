import { text } from '../elf/strings.ts';
import type { View } from './view.ts';

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
