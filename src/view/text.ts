import { text } from '../elf/strings.ts';
import { follow } from './follow.ts';
import { memoised } from './memo.ts';
import { ReadFailure, type View } from './view.ts';

/** The whole of a file, links followed; `undefined` if there is no such file or it may not be read. */
export function readBytes(view: View, path: string): Uint8Array | undefined {
  const target = follow(view, path);
  if (target.path === undefined || target.kind !== 'file') return undefined;
  try {
    const file = view.open(target.path);
    try {
      return file.read(0, file.size);
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
