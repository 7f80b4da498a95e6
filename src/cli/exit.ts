import { changedWhileRead, FlixError, type FailureKind } from '../errors.ts';
import { errnoOf } from '../io/failure.ts';
import { ReadFailure } from '../view/view.ts';
import { printableLines } from '../printable.ts';

/** The exit statuses, which scripts rely on (docs/exit-status.md). */
export const EXIT = {
  done: 0,
  findings: 1,
  input: 2,
  missing: 3,
  proof: 4,
  io: 5,
  bug: 70,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

const BY_KIND: Record<FailureKind, number> = {
  input: EXIT.input,
  missing: EXIT.missing,
  proof: EXIT.proof,
  io: EXIT.io,
};

/** The errno names of failures to read or write, wherever they are thrown. */
const IO_CODES = new Set([
  'EACCES',
  'EPERM',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EFBIG',
  'ENAMETOOLONG',
  'EBUSY',
]);

/** What a system call answers when a file is no longer what flix saw when it looked at it. */
const CHANGED_CODES = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'EINVAL',
  'ENXIO',
  'EEXIST',
  'ESTALE',
  'special',
  'changed while it was read',
]);

/** Returns the path of a file that changed during the run; `undefined` if that is not what failed. */
function changedFile(error: unknown): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string' || !CHANGED_CODES.has(code)) return undefined;
  if (error instanceof ReadFailure) return error.path;
  return errnoOf(error) === undefined ? undefined : path;
}

/** Returns the exit status and the message for whatever ended a command. An error that the user cannot fix shows its stack. */
export function explainFailure(error: unknown): { readonly status: number; readonly text: string } {
  const changed = changedFile(error);
  const failure = changed === undefined ? error : changedWhileRead(changed);
  if (failure instanceof FlixError) {
    const fix = failure.fix === undefined ? '' : `\n  ${failure.fix.split('\n').join('\n  ')}`;
    return { status: BY_KIND[failure.kind], text: printableLines(`flix: ${failure.message}${fix}`) };
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE')
    return { status: EXIT.io, text: 'flix: too many open files\n  ulimit -n 1024' };
  if (typeof code === 'string' && IO_CODES.has(code))
    return { status: EXIT.io, text: printableLines(`flix: ${message}`) };
  return {
    status: EXIT.bug,
    text: `flix: this is a bug in flix; please report it\n${(error as Error)?.stack ?? String(error)}`,
  };
}
