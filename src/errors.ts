/**
 * Failures that the user can fix. Findings of the audit are data and are never thrown; anything else that is thrown is
 * a bug in flix and shows its stack.
 */

/** The class of a failure, which decides the exit status (docs/exit-status.md). */
export type FailureKind = 'input' | 'missing' | 'proof' | 'io';

export class FlixError extends Error {
  override readonly name = 'FlixError';
  readonly kind: FailureKind;
  /** A stable code for scripts: `missing-library`, `not-a-program`, … */
  readonly code: string;
  /** What to do about it: a sentence, or a command alone on its line. */
  readonly fix: string | undefined;

  /** @param message the file and the cause, in one or more lines */
  constructor(kind: FailureKind, code: string, message: string, fix?: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.fix = fix;
  }

  /** Returns the same failure with the name of the file in front of its message. */
  about(file: string): FlixError {
    return new FlixError(this.kind, this.code, `${file}: ${this.message}`, this.fix);
  }
}

/** What to say of a file that is no longer what flix saw when it looked at it. */
export function changedWhileRead(path: string): FlixError {
  return new FlixError(
    'io',
    'changed',
    `${path} changed while it was read`,
    'Run the command again when nothing else writes there.',
  );
}
