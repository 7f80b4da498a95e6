import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { requireTool } from '../../io/probe.ts';
import { run } from '../../io/spawn.ts';
import { compareDottedVersions } from '../../io/tools.ts';
import { fileReader } from '../../view/file-reader.ts';
import { requireSpace } from '../check-entries.ts';
import type { EntryTable } from '../entry-table.ts';
import { pagedReader } from '../paged-reader.ts';
import { partOf } from '../range.ts';
import { type Contents, UNPACK_MS } from '../reader.ts';

/** The first unsquashfs that writes a pseudo file. */
const SINCE = '4.5';
/** What precedes the contents of the files in a pseudo file of unsquashfs. */
const START = Buffer.from('\n#\n# START OF DATA - DO NOT MODIFY\n#\n');
/** Matches `R 1796068341 755 0 0 68496 1024`: a regular file with its size, and where its contents begin. */
const FILE = /^R \d+ [0-7]+ \d+ \d+ (\d+) (\d+)$/;
/** Matches `L usr/h1`: another name of a file. */
const OTHER_NAME = /^L (.+)$/s;
const [BACKSLASH, BLANK, NEWLINE] = [0x5c, 0x20, 0x0a];
const PIECE = 1024 * 1024;

/**
 * Writes the contents of all files of a squashfs into one file: a file for each of them would take many times as long to
 * make and to remove. Returns `undefined` if unsquashfs cannot do so, or if a name has a line break, which it does not escape
 * there. Throws `FlixError`.
 */
export async function squashfsContents(
  file: string,
  directory: string,
  entries: EntryTable,
): Promise<{ readonly contents: Contents; readonly close: () => void } | undefined> {
  const { version } = await requireTool('unsquashfs');
  const isKnown = version !== undefined && compareDottedVersions(version, SINCE) >= 0;
  if (!isKnown || hasLineBreak(entries)) return undefined;
  await requireSpace(directory, entries);
  const pseudo = path.join(directory, 'files');
  await run('unsquashfs', ['-quiet', '-no-progress', '-no-xattrs', '-pf', pseudo, file], {
    timeoutMs: UNPACK_MS,
  });
  const reader = fileReader(pseudo, file);
  const { offsets, start } = readDefinitions(pseudo, entries);
  const paged = pagedReader(reader);
  for (let row = 0; row < entries.length; row++)
    if (entries.kind(row) === 'file' && !(start + offsets[row]! + entries.size(row) <= reader.size))
      throw new FlixError(
        'input',
        'incomplete-image',
        `${entries.path(row)} could not be unpacked: the image is damaged or truncated`,
      );
  const contents = (row: number) =>
    partOf(paged, { offset: start + offsets[row]!, length: entries.size(row) });
  return { contents, close: () => reader.close() };
}

/** Returns where the contents of each row begin, counted from `start`; NaN for what is not a file of this size. */
function readDefinitions(pseudo: string, entries: EntryTable): { offsets: Float64Array; start: number } {
  const offsets = new Float64Array(entries.length).fill(NaN);
  let start = 0;
  for (const line of definitionsIn(pseudo)) {
    start += line.length + 1;
    const { name, rest } = parseDefinition(line);
    const row = entries.find(name);
    if (row === undefined || entries.kind(row) !== 'file') continue;
    const [, size, offset] = FILE.exec(rest) ?? [];
    const other = OTHER_NAME.exec(rest)?.[1];
    if (Number(size) === entries.size(row)) offsets[row] = Number(offset);
    else if (other !== undefined) {
      const same = entries.find(`/${unescaped(Buffer.from(other))}`);
      if (same !== undefined && entries.size(same) === entries.size(row)) offsets[row] = offsets[same]!;
    }
  }
  return { offsets, start: start + START.length - 1 };
}

function hasLineBreak(entries: EntryTable): boolean {
  for (let row = 0; row < entries.length; row++)
    if (entries.name(row).includes('\n') || entries.link(row)?.includes('\n')) return true;
  return false;
}

/** Yields the lines that define entries. */
function* definitionsIn(pseudo: string): Generator<Buffer> {
  const descriptor = fs.openSync(pseudo, 'r');
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const count = fs.readSync(descriptor, piece, 0, PIECE, null);
      rest = Buffer.concat([rest, piece.subarray(0, count)]);
      let from = 0;
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
        const line = rest.subarray(from, end);
        if (line.equals(COMMENT)) return;
        yield line;
        from = end + 1;
      }
      rest = rest.subarray(from);
      if (count === 0) return;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The first line behind the definitions. A definition never consists of a name alone. */
const COMMENT = Buffer.from('#');

function parseDefinition(line: Buffer): { readonly name: string; readonly rest: string } {
  let end = line.indexOf(BLANK);
  while (end >= 0 && isEscaped(line, end)) end = line.indexOf(BLANK, end + 1);
  const name = unescaped(line.subarray(0, end));
  return { name: name === '/' ? name : `/${name}`, rest: line.toString('utf8', end + 1) };
}

function isEscaped(line: Buffer, at: number): boolean {
  let backslashes = 0;
  while (line[at - backslashes - 1] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function unescaped(name: Buffer): string {
  const text = name.toString();
  return text.includes('\\') ? text.replace(/\\(.)/gs, '$1') : text;
}
