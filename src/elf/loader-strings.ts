import { readHeader, readSegments } from './header.ts';
import { type ReadOnlyPart, readOnlyParts } from './compiled-in.ts';
import { bytesReader } from './reader.ts';
import { text as decode } from './strings.ts';

/** A default directory in a loader's file. `offset` and `length` are in bytes; `length` excludes the NUL. */
export interface DirectorySlot {
  readonly offset: number;
  readonly length: number;
  /** Ends in `/`. */
  readonly text: string;
}

const SLASH = 0x2f;
const SLASH_NUL = Buffer.from('/\0');
const RELEASE = Buffer.from('release version ');
/** `/lib/` */
const MIN_DIRECTORY = 5;
/** No default directory is longer; those of NixOS have 70 bytes. */
const MAX_DIRECTORY = 256;
const MAX_VERSION = 16;

/**
 * Finds the default directories that are compiled into a glibc loader (`SYSTEM_DIRS` of elf/dl-load.c). Each list is a
 * run of adjacent strings; since 2.33 there is a second copy, for `--help`. A list of a single directory (of a glibc
 * with slibdir = libdir) or without `lib` in any name (of a sealed loader) counts only if it occurs twice.
 * Returns no list for a loader that is not glibc's. Throws `ElfError`.
 */
export function defaultDirectorySlots(content: Uint8Array): DirectorySlot[][] {
  const runs: DirectorySlot[][] = [];
  for (const { base, bytes } of partsOf(content)) {
    for (let end = bytes.indexOf(SLASH_NUL); end >= 0; end = bytes.indexOf(SLASH_NUL, end + 2)) {
      const slot = directoryEndingAt(bytes, end + 1, base);
      if (!slot) continue;
      const last = runs.at(-1)?.at(-1);
      if (last && last.offset + last.length + 1 === slot.offset) runs.at(-1)!.push(slot);
      else runs.push([slot]);
    }
  }
  const lists = runs.filter(
    run => run.length > 1 && (run.some(({ text }) => text.includes('lib')) || occursTwice(run, runs)),
  );
  return lists.length > 0 ? lists : runs.filter(run => occursTwice(run, runs));
}

/** Returns the version that a glibc loader prints for `--version`, such as `2.36`; `undefined` if it contains none. Throws `ElfError`. */
export function glibcVersion(content: Uint8Array): string | undefined {
  for (const { bytes } of partsOf(content)) {
    const at = bytes.indexOf(RELEASE);
    if (at < 0) continue;
    const start = at + RELEASE.length;
    return /^\d+(?:\.\d+)+/.exec(decode(bytes.subarray(start, start + MAX_VERSION)))?.[0];
  }
  return undefined;
}

function directoryEndingAt(bytes: Buffer, end: number, base: number): DirectorySlot | undefined {
  let start = end;
  while (start > 0 && end - start <= MAX_DIRECTORY && isPathByte(bytes[start - 1]!)) start--;
  const length = end - start;
  if (length < MIN_DIRECTORY || length > MAX_DIRECTORY || bytes[start] !== SLASH) return undefined;
  return { offset: base + start, length, text: decode(bytes.subarray(start, end)) };
}

function occursTwice(run: readonly DirectorySlot[], runs: readonly DirectorySlot[][]): boolean {
  return runs.filter(other => sameDirectories(run, other)).length === 2;
}

/** Whether two lists name the same directories in the same order. */
export function sameDirectories(one: readonly DirectorySlot[], other: readonly DirectorySlot[]): boolean {
  return one.length === other.length && one.every(({ text }, index) => text === other[index]!.text);
}

/** Whether a byte is printable and not a blank. Messages contain blanks; directories do not. */
function isPathByte(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

function partsOf(content: Uint8Array): ReadOnlyPart[] {
  const reader = bytesReader(content);
  return readOnlyParts(content, { segments: readSegments(reader, readHeader(reader)) });
}
