import { asBuffer } from './bytes.ts';
import { PF_W, PF_X, PT_LOAD } from './constants.ts';
import type { Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';

/** In bytes; longer than any compiled-in name or path. */
const MAX_TEXT = 512;
/** In bytes; half of it, so that the next piece has what the end of a piece cuts off. */
const MAX_PART = 256;
/** How much of an object is searched, in bytes, over all segments; the largest programs, such as browsers, load 0.3 GB. */
export const MAX_SEARCHED = 1024 * 1024 * 1024;
/** How many strings are kept; libLLVM has 30,000. */
const MAX_TEXTS = 1_000_000;
/** How much is read at once, always into the same buffer, in bytes; small enough for the cache of a core. */
const PIECE = 64 * 1024;
const buffer = Buffer.allocUnsafeSlow(PIECE);

const SLASH = 0x2f;
const COLON = 0x3a;
/** Shorter than eight bytes, so that Node searches with memchr(3). */
const LIBRARY_SUFFIX = '.so';
/** A slash with a letter on each side. */
const MIN_TEXT = 3;

/** Marks the bytes of text: printable characters, white space, and what may belong to UTF-8. */
const IS_TEXT = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x20 && byte !== 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d ? 1 : 0,
);

/**
 * The strings of an object, found in one pass. Each kind of evidence that is taken from strings is a predicate over these
 * and does not read the object again.
 */
export interface Texts {
  /** Each whole string, between two NULs, that contains a slash or `.so`. */
  readonly whole: readonly string[];
  /** The beginnings of absolute paths after a NUL or a colon, in text that is too long or has no end. */
  readonly parts: readonly string[];
  /**
   * Pieces of such text that begin elsewhere with a path of a program, its configuration or its data. Go and Rust do not
   * separate the strings of a program, so other strings may follow the path.
   */
  readonly joined: readonly string[];
  /** Those of the given words that are whole strings of the object. */
  readonly words: readonly string[];
}

/**
 * Reads the strings among an object’s constants and data, up to limits that no real object reaches. Throws `ElfError` for a
 * segment outside the file.
 *
 * @param words strings to look for that contain neither a slash nor `.so`
 */
export function readTexts(
  reader: Reader,
  { segments }: { readonly segments: readonly Segment[] },
  words: readonly string[] = [],
): Texts {
  const whole = new Set<string>();
  const parts = new Set<string>();
  const joined = new Set<string>();
  const sought = new Map(words.map(word => [word, Buffer.from(`${word}\0`)]));
  let left = MAX_SEARCHED;
  for (const { offset, filesz } of textSegments(segments)) {
    const end = offset + Math.min(filesz, left);
    left -= end - offset;
    for (
      let at = offset;
      at < end && whole.size + parts.size + joined.size < MAX_TEXTS;
      at += PIECE - MAX_TEXT
    ) {
      const length = Math.min(PIECE, end - at);
      const piece = asBuffer(readRange(reader, at, length, 'a segment', buffer));
      addTextsWithSlash(piece, at === offset, at + length === end, { whole, parts, joined });
      addLibraryNames(piece, at === offset, whole);
      for (const [word, bytes] of sought) if (hasWhole(piece, bytes, at === offset)) sought.delete(word);
    }
  }
  return {
    whole: [...whole],
    parts: [...parts],
    joined: [...joined],
    words: words.filter(word => !sought.has(word)),
  };
}

/**
 * @param isFirst whether nothing precedes the piece
 * @param isLast whether no other piece repeats the last `MAX_TEXT` bytes of this one
 */
function addTextsWithSlash(
  piece: Buffer,
  isFirst: boolean,
  isLast: boolean,
  { whole, parts, joined }: Readonly<Record<'whole' | 'parts' | 'joined', Set<string>>>,
): void {
  const repeated = isLast ? piece.length : piece.length - MAX_TEXT;
  let seen = 0;
  /** Where the text that contains the byte before `seen` begins; -1 if unknown, because it is too long or not text. */
  let start = isFirst ? 0 : -1;
  for (let hit = piece.indexOf(SLASH), next; hit >= 0; hit = piece.indexOf(SLASH, next)) {
    next = hit + 1;
    if (hit > 0 && next < piece.length && isAmongNumbers(piece[hit - 1]!, piece[next]!)) continue;
    for (let at = hit - 1; at >= seen; at--)
      if (IS_TEXT[piece[at]!] === 0) {
        start = piece[at] === 0 ? at + 1 : -1;
        break;
      }
    if (hit - start >= MAX_TEXT) start = -1;
    const after = endOfText(piece, hit, Math.max(start + MAX_TEXT, hit + MAX_PART));
    if (start >= 0 && after - start <= MAX_TEXT && isEnd(piece, after)) {
      if (after - start >= MIN_TEXT) whole.add(piece.toString('latin1', start, after));
      seen = next = after;
    } else {
      if ((hit === start || (hit > 0 && piece[hit - 1] === COLON)) && hit <= repeated)
        parts.add(piece.toString('latin1', hit, Math.min(after, hit + MAX_PART)));
      else if (hit <= repeated && beginsPath(piece, hit))
        joined.add(piece.toString('latin1', hit, Math.min(after, hit + MAX_PART)));
      start = -1;
      seen = next;
    }
  }
}

const USR = Buffer.from('/usr');
/** The beginnings of the paths of programs, their configuration and their data. */
const TOPS = ['/usr/', '/etc/', '/opt/', '/bin/', '/sbin/', '/lib/'].map(top => Buffer.from(top));

/** Whether the slash at `hit` begins such a path. The second slash of /usr/bin does not. */
function beginsPath(piece: Buffer, hit: number): boolean {
  const second = piece[hit + 1];
  if (hit >= USR.length && piece.compare(USR, 0, USR.length, hit - USR.length, hit) === 0) return false;
  return TOPS.some(
    top =>
      top[1] === second &&
      hit + top.length <= piece.length &&
      piece.compare(top, 0, top.length, hit, hit + top.length) === 0,
  );
}

/** Tells from the bytes before and after a slash that it belongs to no string, which most do not. */
function isAmongNumbers(before: number, after: number): boolean {
  if (before === 0) return IS_TEXT[after] === 0;
  return IS_TEXT[before] === 0 || (after !== 0 && IS_TEXT[after] === 0);
}

function addLibraryNames(piece: Buffer, isFirst: boolean, whole: Set<string>): void {
  for (let hit = piece.indexOf(LIBRARY_SUFFIX), after; hit >= 0; hit = piece.indexOf(LIBRARY_SUFFIX, after)) {
    let start = hit;
    while (start > 0 && IS_TEXT[piece[start - 1]!] === 1 && hit - start < MAX_TEXT) start--;
    after = endOfText(piece, hit, start + MAX_TEXT);
    if ((start === 0 ? isFirst : piece[start - 1] === 0) && isEnd(piece, after))
      whole.add(piece.toString('latin1', start, after));
    after = Math.max(after, hit + 1);
  }
}

/** Returns whether a piece contains a whole string: after a NUL, or at the beginning of the segment. @param bytes the string and its NUL */
function hasWhole(piece: Buffer, bytes: Buffer, isFirst: boolean): boolean {
  for (let hit = piece.indexOf(bytes); hit >= 0; hit = piece.indexOf(bytes, hit + 1))
    if (hit === 0 ? isFirst : piece[hit - 1] === 0) return true;
  return false;
}

/** Reads nothing behind the piece, for which V8 would discard the compiled code of the caller. */
function isEnd(piece: Buffer, at: number): boolean {
  return at < piece.length && piece[at] === 0;
}

/** Returns the index of the first byte after `from` that is not text, but at most `limit`. */
function endOfText(piece: Buffer, from: number, limit: number): number {
  let after = from + 1;
  const end = Math.min(limit, piece.length);
  while (after < end && IS_TEXT[piece[after]!] === 1) after++;
  return after;
}

/**
 * Returns the segments that can contain strings: constants, and variables with an initial value. If the linker gave
 * constants a segment, there are none among the code.
 */
export function textSegments(segments: readonly Segment[]): Segment[] {
  const loaded = segments.filter(({ type }) => type === PT_LOAD);
  const data = loaded.filter(({ flags }) => (flags & PF_X) === 0);
  return data.some(({ flags }) => (flags & PF_W) === 0) ? data : loaded;
}

/** A part of a file that is mapped read-only, with compiled-in text and code. */
export interface ReadOnlyPart {
  /** Offset in the file, in bytes. */
  readonly base: number;
  readonly bytes: Buffer;
  readonly executable: boolean;
}

/** Returns the parts of a file that are mapped and not writable. */
export function readOnlyParts(
  content: Uint8Array,
  { segments }: { readonly segments: readonly Segment[] },
): ReadOnlyPart[] {
  return segments
    .filter(({ type, flags }) => type === PT_LOAD && (flags & PF_W) === 0)
    .map(({ offset, filesz, flags }) => ({
      base: offset,
      bytes: asBuffer(content.subarray(offset, offset + filesz)),
      executable: (flags & PF_X) !== 0,
    }));
}
