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
  /** The bytes are a text of the program, not a part of the file's format. */
  readonly isText?: true;
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

/** Replaces the first line of a script, which may become longer. Both are ASCII, without the line feed. */
export interface FirstLineEdit {
  readonly kind: 'first-line';
  readonly before: string;
  readonly after: string;
}

/** A change to a file, as data. */
export type Edit = ByteEdit | PatchelfEdit | FirstLineEdit;

export function isPatchelfEdit(edit: Edit): edit is PatchelfEdit {
  return edit.kind !== 'bytes' && edit.kind !== 'first-line';
}

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
      throw mismatch(`the bytes at offset ${offset} are not the expected ones (${why})`);
    file.write(offset, after);
  }
}

/**
 * Returns the beginning of a script with its new first line. Throws `FlixError` `edit-mismatch` if the line is not the
 * expected one.
 */
export function withFirstLine(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const edit = edits.find(({ kind }) => kind === 'first-line');
  if (edit?.kind !== 'first-line') return bytes;
  const before = Buffer.from(edit.before, 'latin1');
  if (Buffer.compare(bytes.subarray(0, before.length), before) !== 0)
    throw mismatch(`the first line is not ${edit.before}`);
  return Buffer.concat([Buffer.from(edit.after, 'latin1'), bytes.subarray(before.length)]);
}

function mismatch(message: string): FlixError {
  return new FlixError(
    'proof',
    'edit-mismatch',
    message,
    'The file changed during the run, or was edited earlier. Start from the original file.',
  );
}
