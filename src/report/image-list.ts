import type { ImageEntry } from '../image/entry.ts';
import type { EntryTable } from '../image/entry-table.ts';
import { printable } from '../printable.ts';

/** The number of entries in a piece of output. The whole output may be longer than the longest string. */
const PIECE = 1000;

/** Yields the document of `flix list --json` in pieces, sorted by path. */
export function* imageListJson(image: string, entries: EntryTable): Generator<string> {
  const head = JSON.stringify({ schema: 'flix.list/1', image }, undefined, 2);
  yield `${head.slice(0, -'\n}'.length)},\n  "entries": [`;
  let separator = '';
  for (const piece of inPieces(entries.sorted())) {
    const rows = piece.map(entry => {
      const text = JSON.stringify(listed(entry), undefined, 2);
      return `\n    ${text.replaceAll('\n', '\n    ')}`;
    });
    yield separator + rows.join(',');
    separator = ',';
  }
  yield `${entries.length > 0 ? '\n  ' : ''}]\n}\n`;
}

function* inPieces(entries: Iterable<ImageEntry>): Generator<ImageEntry[]> {
  let piece: ImageEntry[] = [];
  for (const entry of entries) {
    if (piece.push(entry) < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

function listed({ path, kind, mode, uid, gid, size, mtime, link }: ImageEntry) {
  return {
    path,
    kind,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    size,
    mtime: mtime ?? null,
    link: link ?? null,
  };
}

/**
 * Lists entries in columns, sorted by path: `-rwxr-xr-x 0 0 151344 1970-01-01 00:00 /usr/bin/ls`. Yields the text in pieces.
 */
export function* imageListText(entries: EntryTable): Generator<string> {
  const widths = [0, 0, 0, 0];
  const widen = (column: number, { length }: string) => {
    if (length > widths[column]!) widths[column] = length;
  };
  for (const { uid, gid, size, mtime } of entries) {
    widen(0, `${uid}`);
    widen(1, `${gid}`);
    widen(2, `${size}`);
    widen(3, time(mtime));
  }
  const [user, group, bytes, when] = widths as [number, number, number, number];
  for (const piece of inPieces(entries.sorted()))
    yield piece
      .map(entry => {
        const { uid, gid, size, mtime, path, link } = entry;
        const owner = `${`${uid}`.padStart(user)} ${`${gid}`.padStart(group)}`;
        const target = link === undefined ? '' : ` -> ${printable(link)}`;
        return `${permissions(entry)} ${owner} ${`${size}`.padStart(bytes)} ${time(mtime).padStart(when)} ${printable(path)}${target}\n`;
      })
      .join('');
}

const LETTERS = { file: '-', directory: 'd', link: 'l', other: '?' } as const;

function permissions({ kind, mode }: ImageEntry): string {
  const triple = (shift: number, special: boolean, letter: string) => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  const owner = triple(6, (mode & 0o4000) !== 0, 's');
  const group = triple(3, (mode & 0o2000) !== 0, 's');
  return LETTERS[kind] + owner + group + triple(0, (mode & 0o1000) !== 0, 't');
}

/** Formats a time in UTC, so that the listing of an image is the same everywhere. */
function time(mtime: number | undefined): string {
  if (mtime === undefined) return '-';
  // most files of an image have the same time
  if (mtime !== last.mtime) {
    const date = new Date(mtime * 1000);
    const text = Number.isNaN(date.getTime()) ? '-' : date.toISOString().slice(0, 16).replace('T', ' ');
    last = { mtime, text };
  }
  return last.text;
}

let last = { mtime: NaN, text: '-' };
