import type { View } from './view.ts';

/** Small enough for the allocator to use the same memory again, in bytes. */
const PIECE = 64 * 1024;

/** Whether two regular files hold the same; their real paths. Throws `ReadFailure`. */
export function sameBytes(one: View, path: string, other: View, otherPath = path): boolean {
  const left = one.open(path);
  try {
    const right = other.open(otherPath);
    try {
      if (left.size !== right.size) return false;
      for (let at = 0; at < left.size; at += PIECE) {
        const length = Math.min(PIECE, left.size - at);
        if (Buffer.compare(left.read(at, length), right.read(at, length)) !== 0) return false;
      }
      return true;
    } finally {
      right.close();
    }
  } finally {
    left.close();
  }
}
