let isWatched = false;

/**
 * Returns `process.stderr`. A message that cannot be written does not end the work that it is about. Node makes the stream at
 * the first access, and on a pipe loads its network code for it, which a command that prints no message need not pay for.
 */
export function standardError(): NodeJS.WriteStream {
  if (!isWatched) process.stderr.on('error', () => {});
  isWatched = true;
  return process.stderr;
}
