import { FlixError } from '../errors.ts';

const causes: Readonly<Record<string, { readonly text: string; readonly fix?: string }>> = {
  ENOSPC: { text: 'no space left on the device', fix: 'free some space, or write elsewhere' },
  EDQUOT: { text: 'the disk quota is used up', fix: 'free some space, or write elsewhere' },
  EACCES: { text: 'permission denied' },
  EPERM: { text: 'operation not permitted' },
  EROFS: { text: 'the file system is read-only', fix: 'write elsewhere' },
  ENOENT: { text: 'no such file or directory' },
  EEXIST: { text: 'a file stands where a directory is wanted' },
  ENOTDIR: { text: 'a part of the path is no directory' },
  ENAMETOOLONG: { text: 'the name is too long' },
  EXDEV: { text: 'it is a mount point, or on another file system' },
  EBUSY: { text: 'it is in use', fix: 'a mount point cannot be replaced: write elsewhere' },
};

/** What the system refused, as the user's error; anything else than a refusal of the system is given back as it is. */
export function ioFailure(error: unknown, doing: string): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const cause = causes[code];
  return new FlixError('io', `io-${code.toLowerCase()}`, `${doing}: ${cause?.text ?? code}`, cause?.fix);
}

/** `ENOENT` and the like, of an error that a system call gave. */
export function errnoOf(error: unknown): string | undefined {
  const refused = error instanceof Error && 'syscall' in error && 'code' in error;
  return refused && typeof error.code === 'string' ? error.code : undefined;
}
