/**
 * Failures that the user can fix. A finding of the audit is data and never throws; anything that is
 * thrown and is not a `FlixError` is our own bug and shows its stack.
 */

/** What went wrong, in the terms of the exit statuses of `docs/exit-status.md`. */
export type FailureKind = 'input' | 'missing' | 'proof' | 'io';

export class FlixError extends Error {
  override readonly name = 'FlixError';
  readonly kind: FailureKind;
  /** Stable, for scripts: `missing-library`, `not-a-program`, … */
  readonly code: string;
  /** What the user can do about it. */
  readonly fix: string | undefined;

  /** @param message names the file and the cause; it may have several lines. */
  constructor(kind: FailureKind, code: string, message: string, fix?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.fix = fix;
  }
}
