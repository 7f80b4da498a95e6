import type { ImageEntry } from '../image/entry.ts';
import { printable } from '../printable.ts';

/** How many entries a piece of output holds. The whole output may be longer than any string. */
const PIECE = 1000;

/** Yields the document of `flix list --json` in pieces. */
export function* imageListJson(image: string, entries: readonly ImageEntry[]): Generator<string> {
  const head = JSON.stringify({ schema: 'flix.list/1', image }, undefined, 2);
  yield `${head.slice(0, -'\n}'.length)},\n  "entries": [`;
  for (let at = 0; at < entries.length; at += PIECE) {
    const rows = entries.slice(at, at + PIECE).map(entry => {
      const text = JSON.stringify(listed(entry), undefined, 2);
      return `\n    ${text.replaceAll('\n', '\n    ')}`;
    });
    yield (at === 0 ? '' : ',') + rows.join(',');
  }
  yield `${entries.length > 0 ? '\n  ' : ''}]\n}\n`;
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

/** Lists entries in columns: `-rwxr-xr-x 0 0 151344 1970-01-01 00:00 /usr/bin/ls`. Yields the text in pieces. */
export function* imageListText(entries: readonly ImageEntry[]): Generator<string> {
  const columns = (entry: ImageEntry) => [
    permissions(entry),
    `${entry.uid}`,
    `${entry.gid}`,
    `${entry.size}`,
    time(entry.mtime),
  ];
  const widths = [0, 0, 0, 0, 0];
  for (const entry of entries)
    for (const [i, text] of columns(entry).entries()) widths[i] = Math.max(widths[i]!, text.length);
  for (let at = 0; at < entries.length; at += PIECE)
    yield entries
      .slice(at, at + PIECE)
      .map(entry => {
        const link = entry.link === undefined ? '' : ` -> ${printable(entry.link)}`;
        const row = columns(entry).map((text, i) => text.padStart(widths[i]!));
        return `${row.join(' ')} ${printable(entry.path)}${link}\n`;
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
  const date = new Date(mtime * 1000);
  return Number.isNaN(date.getTime()) ? '-' : date.toISOString().slice(0, 16).replace('T', ' ');
}
