import { asBuffer } from '../elf/bytes.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Evidence } from './need.ts';

/** Returns where in its file the text of an evidence is; `undefined`: the evidence is no text of that file. */
export function offsetOf({ kind, file, text }: Evidence, view: View): number | undefined {
  if (kind !== 'path' && kind !== 'soname' && kind !== 'beside' && kind !== 'note') return undefined;
  const bytes = readBytes(view, file);
  const at = bytes ? asBuffer(bytes).indexOf(text) : -1;
  return at < 0 ? undefined : at;
}
