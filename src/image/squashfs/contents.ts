import fs from 'node:fs';
import path from 'node:path';
import type { Reader } from '../../elf/reader.ts';
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
/**
 * What unsquashfs writes between the definitions of a pseudo file and the contents of its files (squashfs-tools
 * unsquashfs.c, generate_pseudo). No definition consists of a name alone, so the first line ends them.
 */
const [MARK_LINE, MARK] = [Buffer.from('#'), Buffer.from('#\n# START OF DATA - DO NOT MODIFY\n#\n')];
/**
 * Matches `R 1796068341 755 0 0 68496 1024`: time, mode, owners, then the size of a regular file and where its contents
 * begin behind the mark (pseudo_print). Since 4.6, a number that says whether the file is sparse follows.
 */
const FILE = /^R -?\d+ [0-7]+ -?\d+ -?\d+ (\d+) (\d+)(?: [01])?$/;
/** Matches `L usr/h1`: another name of a file. */
const HARD_LINK = /^L (.+)$/s;
const [BACKSLASH, BLANK, NEWLINE] = [0x5c, 0x20, 0x0a];
/** No definition is longer: a path has at most 4096 bytes and a target 65536, and each may be escaped. */
const PIECE = 1024 * 1024;

/**
 * Writes the contents of all files of a squashfs into one file: a file for each of them would take many times as long to
 * make and to remove. Returns `undefined`, and leaves the directory empty, if unsquashfs is too old, if the pseudo file is
 * not as expected, or if a name or target contains a line break, which unsquashfs does not escape there. Throws `FlixError`.
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
  const offsets = offsetsIn(reader, entries);
  if (!offsets) {
    reader.close();
    fs.rmSync(pseudo);
    return undefined;
  }
  const paged = pagedReader(reader);
  const contents = (row: number) => partOf(paged, { offset: offsets[row]!, length: entries.size(row) });
  return { contents, close: () => reader.close() };
}

/**
 * Returns where the contents of each row begin in a pseudo file, in bytes; NaN for what is not a file. Returns `undefined`
 * if the pseudo file lacks the mark or the contents of a file. Gives hard links one place, which no listing shows.
 */
function offsetsIn(pseudo: Reader, entries: EntryTable): Float64Array | undefined {
  const offsets = new Float64Array(entries.length).fill(NaN);
  let mark = 0;
  for (const line of definitionsIn(pseudo)) {
    mark += line.length + 1;
    const { name, rest } = parseDefinition(line);
    const row = entries.find(name);
    if (row === undefined || entries.kind(row) !== 'file') continue;
    const [, size, offset] = FILE.exec(rest) ?? [];
    const first = HARD_LINK.exec(rest)?.[1];
    if (Number(size) === entries.size(row)) offsets[row] = Number(offset);
    else if (first !== undefined) {
      const same = entries.find(`/${unescaped(Buffer.from(first))}`);
      if (same === undefined || entries.size(same) !== entries.size(row)) continue;
      offsets[row] = offsets[same]!;
      entries.setPlace(row, entries.place(same));
    }
  }
  const start = mark + MARK.length;
  if (start > pseudo.size || !MARK.equals(pseudo.read(mark, MARK.length))) return undefined;
  for (let row = 0; row < entries.length; row++) {
    offsets[row]! += start;
    if (entries.kind(row) === 'file' && !(offsets[row]! + entries.size(row) <= pseudo.size)) return undefined;
  }
  return offsets;
}

function hasLineBreak(entries: EntryTable): boolean {
  for (let row = 0; row < entries.length; row++)
    if (entries.name(row).includes('\n') || entries.link(row)?.includes('\n')) return true;
  return false;
}

/** Yields the lines that define entries. */
function* definitionsIn(pseudo: Reader): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let at = 0; at < pseudo.size && rest.length <= PIECE;) {
    const piece = pseudo.read(at, Math.min(PIECE, pseudo.size - at));
    at += piece.length;
    rest = Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, from)) {
      const line = rest.subarray(from, end);
      if (line.equals(MARK_LINE)) return;
      yield line;
      from = end + 1;
    }
    rest = rest.subarray(from);
  }
}

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
