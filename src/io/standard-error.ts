let isWatched = false;

/**
 * Returns `process.stderr`, whose errors are ignored: a message that cannot be written must not end the work that it is about.
 * Call it only to print: Node creates the stream at the first access, and for a pipe loads its network code.
 */
export function standardError(): NodeJS.WriteStream {
  if (!isWatched) process.stderr.on('error', () => {});
  isWatched = true;
  return process.stderr;
}
