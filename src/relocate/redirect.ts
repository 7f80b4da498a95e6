import { type ByteEdit, textEdit } from './edit.ts';

/** A text in a file, and its replacement of the same length, so that nothing moves. */
export interface Rewrite {
  readonly from: string;
  readonly to: string;
  /**
   * `path`: wherever a path begins with it. `string`: only where it is a whole string, between two NULs. `block`: only where
   * it begins at a multiple of `BLOCK`, whatever follows.
   */
  readonly where: 'path' | 'string' | 'block';
  /** What the edit does, for the manifest. */
  readonly why: string;
}

/** The size of the smallest constants that code copies at once, in bytes, and their alignment. */
export const BLOCK = 16;

/**
 * Returns a path of a given length: the prefix, as many slashes as are left over, and the rest. `undefined`: it does not fit.
 * The slashes are not at the end, because programs append to the path.
 *
 * @param rest with a leading slash
 */
export function padded(prefix: string, rest: string, length: number): string | undefined {
  const left = length - prefix.length - rest.length;
  return left < 0 ? undefined : `${prefix}${'/'.repeat(left)}${rest}`;
}

/** Returns a path of this length that cannot exist, because /dev/null is not a directory; `undefined`: the length is too small. */
export function deadPath(length: number): string | undefined {
  return length < DEAD.length + 1 ? undefined : `${DEAD}${'-'.repeat(length - DEAD.length)}`;
}

const DEAD = '/dev/null/';

/** Whether a text contains a path that is `path` or below it. */
export function namesPath(text: string, path: string): boolean {
  for (let at = text.indexOf(path); at >= 0; at = text.indexOf(path, at + 1))
    if (
      isPathStart(text.charCodeAt(at - 1), text.charCodeAt(at - 2), text.charCodeAt(at - 3)) &&
      isComponentEnd(text.charCodeAt(at + path.length))
    )
      return true;
  return false;
}

/**
 * Returns the edits that replace each text wherever the bytes contain it. A longer text takes precedence over one that it
 * contains. What follows a path, such as the name of a file in the directory, stays as it is.
 *
 * @param base the offset of the bytes in their file
 */
export function rewriteEdits(bytes: Buffer, base: number, rewrites: readonly Rewrite[]): ByteEdit[] {
  const edits: ByteEdit[] = [];
  const taken = new Uint8Array(bytes.length);
  for (const { from, to, where, why } of [...rewrites].sort((a, b) => b.from.length - a.from.length)) {
    if (from.length !== to.length) throw new Error(`${from} and ${to} have different lengths`);
    for (let at = bytes.indexOf(from, 0, 'latin1'); at >= 0; at = bytes.indexOf(from, at + 1, 'latin1')) {
      const after = bytes[at + from.length];
      const isHere = {
        string: () => (at === 0 || bytes[at - 1] === 0) && after === 0,
        path: () => isPathStart(bytes[at - 1], bytes[at - 2], bytes[at - 3]) && isComponentEnd(after),
        block: () => (base + at) % BLOCK === 0,
      }[where]();
      // none of the longer texts before ends or begins within this one unless its first or last byte is taken
      if (!isHere || taken[at] === 1 || taken[at + from.length - 1] === 1) continue;
      taken.fill(1, at, at + from.length);
      edits.push({ ...textEdit(base + at, from, to, why), isText: true });
    }
  }
  return edits.sort((a, b) => a.offset - b.offset);
}

/** How much of a file is in memory at once, in bytes. */
const PIECE = 4 * 1024 * 1024;

/**
 * Does the same for a part of a file, of any size.
 *
 * @param read returns the bytes from an offset up to another one
 */
export function rewriteEditsBetween(
  read: (from: number, to: number) => Buffer,
  start: number,
  end: number,
  rewrites: readonly Rewrite[],
): ByteEdit[] {
  // what is around a text decides whether it is replaced, and so does a longer text that contains it
  const margin = 2 * Math.max(...rewrites.map(({ from }) => from.length)) + 4;
  const edits: ByteEdit[] = [];
  for (let at = start; at < end; at += PIECE) {
    const from = Math.max(start, at - margin);
    const found = rewriteEdits(read(from, Math.min(end, at + PIECE + margin)), from, rewrites);
    edits.push(...found.filter(({ offset }) => offset >= at && offset < at + PIECE));
  }
  return edits;
}

const SLASH = 0x2f;
const COLON = 0x3a;
/** The ends of `${DESTDIR}` and `$(DESTDIR)`, after which a path continues. */
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x29]);

/** Marks the bytes that file names consist of, and those that stand for a part of a name in patterns and formats. */
const IN_NAME = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || /[\w.+@~%*?$-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Whether a path can begin after these bytes, in reverse order: not in the middle of a longer path, but after `file://`. */
function isPathStart(
  before: number | undefined,
  second: number | undefined,
  third: number | undefined,
): boolean {
  if (before === undefined || Number.isNaN(before)) return true;
  if (before === SLASH) return second === SLASH && third === COLON;
  return IN_NAME[before] !== 1 && !CLOSING.has(before);
}

/** Whether the last component of a path ends before this byte. */
function isComponentEnd(after: number | undefined): boolean {
  return after === undefined || IN_NAME[after] !== 1;
}
