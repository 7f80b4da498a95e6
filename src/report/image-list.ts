import type { ImageEntry } from '../image/entry.ts';
import { printable } from '../printable.ts';

/** The document of `flix list --json`. */
export function imageListDocument(image: string, entries: readonly ImageEntry[]) {
  return {
    schema: 'flix.list/1',
    image,
    entries: entries.map(({ path, kind, mode, uid, gid, size, mtime, link }) => ({
      path,
      kind,
      mode: mode.toString(8).padStart(4, '0'),
      uid,
      gid,
      size,
      mtime: mtime ?? null,
      link: link ?? null,
    })),
  };
}

/** Lists entries in columns: `-rwxr-xr-x 0 0 151344 1970-01-01 00:00 /usr/bin/ls`. */
export function imageListText(entries: readonly ImageEntry[]): string {
  const rows = entries.map(entry => ({
    columns: [permissions(entry), `${entry.uid}`, `${entry.gid}`, `${entry.size}`, time(entry.mtime)],
    name: printable(entry.path) + (entry.link === undefined ? '' : ` -> ${printable(entry.link)}`),
  }));
  const widths = [0, 1, 2, 3, 4].map(i =>
    rows.reduce((width, { columns }) => Math.max(width, columns[i]!.length), 0),
  );
  return rows
    .map(({ columns, name }) => `${columns.map((text, i) => text.padStart(widths[i]!)).join(' ')} ${name}\n`)
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
