import { asBuffer } from './bytes.ts';
import { PF_W, PF_X, PT_LOAD } from './constants.ts';
import type { Segment } from './facts.ts';

/** A part of a file that is mapped and that nothing writes to: where compiled-in text and code lie. */
export interface Part {
  /** In the file, in bytes. */
  readonly base: number;
  readonly bytes: Buffer;
  readonly executable: boolean;
}

export function readOnlyParts(
  content: Uint8Array,
  { segments }: { readonly segments: readonly Segment[] },
): Part[] {
  return segments
    .filter(({ type, flags }) => type === PT_LOAD && (flags & PF_W) === 0)
    .map(({ offset, filesz, flags }) => ({
      base: offset,
      bytes: asBuffer(content.subarray(offset, offset + filesz)),
      executable: (flags & PF_X) !== 0,
    }));
}
