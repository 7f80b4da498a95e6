import { FlixError } from '../errors.ts';

/** Same-length replacement: nothing in the file moves. */
export interface ByteEdit {
  readonly kind: 'bytes';
  /** In the file, in bytes. */
  readonly offset: number;
  /** What has to stand there. */
  readonly before: Uint8Array;
  /** As long as `before`. */
  readonly after: Uint8Array;
  /** For the manifest: what the edit closes or sets. */
  readonly why: string;
}

/** DT_RPATH (`rpath`) or DT_RUNPATH; without a value both are removed. */
export interface RunPathEdit {
  readonly kind: 'run-path';
  readonly value: string | undefined;
  readonly force: 'rpath' | 'runpath';
}

/** PT_INTERP, by patchelf: a path that has no room in place. */
export interface InterpreterEdit {
  readonly kind: 'interpreter';
  readonly path: string;
}

/** DF_1_NODEFLIB. */
export interface NoDefaultLibEdit {
  readonly kind: 'no-default-lib';
}

/** A DT_NEEDED that is a path becomes a bare name, which the private directory serves; its Verneed too. */
export interface NeededEdit {
  readonly kind: 'needed';
  readonly from: string;
  readonly to: string;
}

/** What patchelf has to do, since something in the file moves. */
export type PatchelfEdit = RunPathEdit | InterpreterEdit | NoDefaultLibEdit | NeededEdit;

/** One change to one ELF file, as data. */
export type Edit = ByteEdit | PatchelfEdit;

/** @param text latin1; both texts have the same length */
export function textEdit(offset: number, before: string, after: string, why: string): ByteEdit {
  return {
    kind: 'bytes',
    offset,
    before: Buffer.from(before, 'latin1'),
    after: Buffer.from(after, 'latin1'),
    why,
  };
}

/** What is edited in place. */
export interface Editable {
  /** Fewer bytes than asked for where the file ends. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
}

/**
 * Carries byte edits out; other kinds are patchelf's and left to it. Each is compared with what the ones before it
 * left, so that two edits of one place contradict each other.
 * Throws `FlixError` `edit-mismatch` where the file does not hold what an edit was made for.
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
        `the bytes at ${offset} are not those that were planned for (${why})`,
        'The file changed while it was worked on, or was edited before: start from the original file.',
      );
    file.write(offset, after);
  }
}
