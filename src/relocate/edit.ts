import { FlixError } from '../errors.ts';

/** Replaces bytes by as many others, so nothing in the file moves. */
export interface ByteEdit {
  readonly kind: 'bytes';
  /** Offset in the file, in bytes. */
  readonly offset: number;
  /** The bytes that the file must have there. */
  readonly before: Uint8Array;
  /** As long as `before`. */
  readonly after: Uint8Array;
  /** What the edit does, for the manifest. */
  readonly why: string;
}

/** Sets DT_RPATH (`rpath`) or DT_RUNPATH; without a value, removes both. */
export interface RunPathEdit {
  readonly kind: 'run-path';
  readonly value: string | undefined;
  readonly force: 'rpath' | 'runpath';
}

/** Sets PT_INTERP to a path that does not fit in place. */
export interface InterpreterEdit {
  readonly kind: 'interpreter';
  readonly path: string;
}

/** Sets DF_1_NODEFLIB. */
export interface NoDefaultLibEdit {
  readonly kind: 'no-default-lib';
}

/** Replaces a path in DT_NEEDED, and in its Verneed, by a bare name that the loader finds in the private directory. */
export interface NeededEdit {
  readonly kind: 'needed';
  readonly from: string;
  readonly to: string;
}

/** An edit that moves something in the file, and so is left to patchelf. */
export type PatchelfEdit = RunPathEdit | InterpreterEdit | NoDefaultLibEdit | NeededEdit;

/** A change to an ELF file, as data. */
export type Edit = ByteEdit | PatchelfEdit;

/** Returns the edit that replaces one latin1 text by another of the same length. */
export function textEdit(offset: number, before: string, after: string, why: string): ByteEdit {
  return {
    kind: 'bytes',
    offset,
    before: Buffer.from(before, 'latin1'),
    after: Buffer.from(after, 'latin1'),
    why,
  };
}

/** A file that is edited in place. */
export interface Editable {
  /** Returns fewer bytes at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
}

/**
 * Applies byte edits and ignores the others, which are patchelf's. Each edit checks the bytes that the previous ones
 * left, so two edits of the same bytes fail.
 * Throws `FlixError` `edit-mismatch` if the file does not have the bytes that an edit expects.
 */
export function applyBytes(file: Editable, edits: readonly Edit[]): void {
  for (const edit of edits) {
    if (edit.kind !== 'bytes') continue;
    const { offset, before, after, why } = edit;
    if (before.length !== after.length)
      throw new Error(`an edit of ${before.length} bytes writes ${after.length} (${why})`);
    if (Buffer.compare(file.read(offset, before.length), before) !== 0)
      throw new FlixError(
        'proof',
        'edit-mismatch',
        `the bytes at offset ${offset} are not the expected ones (${why})`,
        'The file changed during the run, or was edited earlier. Start from the original file.',
      );
    file.write(offset, after);
  }
}
