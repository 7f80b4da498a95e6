import { FlixError } from '../errors.ts';

const causes: Readonly<Record<string, { readonly text: string; readonly fix?: string }>> = {
  ENOSPC: { text: 'no space left on the device', fix: 'Free some space, or write to another place.' },
  EDQUOT: { text: 'the disk quota is used up', fix: 'Free some space, or write to another place.' },
  EACCES: { text: 'permission denied' },
  EPERM: { text: 'operation not permitted' },
  EROFS: { text: 'the file system is read-only', fix: 'Write to another place.' },
  ENOENT: { text: 'no such file or directory' },
  EEXIST: { text: 'a file exists where a directory is needed' },
  ENOTDIR: { text: 'a component of the path is not a directory' },
  ENAMETOOLONG: { text: 'the name is too long' },
  EXDEV: { text: 'it is a mount point, or on another file system' },
  EMFILE: { text: 'too many open files', fix: 'ulimit -n 1024' },
  EBUSY: { text: 'it is in use', fix: 'A mount point cannot be replaced; write to another place.' },
};

/** Turns the error of a failed system call into a `FlixError`; returns any other error unchanged. */
export function ioFailure(error: unknown, doing: string): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const cause = causes[code];
  return new FlixError('io', `io-${code.toLowerCase()}`, `${doing}: ${cause?.text ?? code}`, cause?.fix);
}

/** Returns the errno name (`ENOENT`) of a failed system call; `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const refused = error instanceof Error && 'syscall' in error && 'code' in error;
  return refused && typeof error.code === 'string' ? error.code : undefined;
}
