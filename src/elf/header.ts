import elfy from 'elfy';
import { asBuffer } from './bytes.ts';
import { PN_XNUM, PT_LOAD } from './constants.ts';
import { ElfError } from './error.ts';
import type { ElfClass, ElfHeader, Endian, Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import { Words } from './words.ts';

const IDENT = 16;
const HEADER_SIZE = { 32: 52, 64: 64 } as const;
const PHENTSIZE = { 32: 32, 64: 56 } as const;
/** Real files have fewer than a hundred, but with PN_XNUM a file can claim four thousand million. */
const MAX_SEGMENTS = 65_536;

const parser = new elfy.Parser();

/** Reads the 52 or 64 bytes of the ELF header. Throws `ElfError`. */
export function readHeader(reader: Reader): ElfHeader {
  if (reader.size < IDENT) throw new ElfError('short', 0, `${reader.size} bytes are too few for an ELF file`);
  const ident = reader.read(0, IDENT);
  if (ident[0] !== 0x7f || ident[1] !== 0x45 || ident[2] !== 0x4c || ident[3] !== 0x46)
    throw new ElfError('magic', 0, 'not an ELF file: it does not begin with \\x7fELF');
  const elfClass = classOf(ident[4]);
  const endian = endianOf(ident[5]);
  const size = HEADER_SIZE[elfClass];
  if (reader.size < size)
    throw new ElfError('short', 0, `${reader.size} bytes are too few for an ELF header`);
  const bytes = asBuffer(reader.read(0, size));
  const words = new Words(bytes, endian);
  const parsed = parser.parseHeader(bytes);
  for (const offset of [parsed.phoff, parsed.shoff])
    if (!Number.isSafeInteger(offset))
      throw new ElfError('range', 32, 'the offset of a header table is too large');
  if (parsed.phnum > 0 && parsed.phentsize !== PHENTSIZE[elfClass])
    throw new ElfError(
      'phentsize',
      elfClass === 64 ? 54 : 42,
      `program headers of ${parsed.phentsize} bytes`,
    );
  const header = {
    class: elfClass,
    endian,
    osabi: ident[7]!,
    abiVersion: ident[8]!,
    padded: ident.subarray(9).every(byte => byte === 0),
    current: ident[6] === 1 && parsed.version === 1,
    type: words.u16(16),
    machine: words.u16(18),
    flags: parsed.flags,
    phoff: parsed.phoff,
    phnum: parsed.phnum,
    shoff: parsed.shoff,
    shnum: parsed.shnum,
    shentsize: parsed.shentsize,
  };
  return parsed.phnum === PN_XNUM ? { ...header, phnum: extendedCount(reader, header) } : header;
}

/** Reads the program header table, which may be anywhere in the file. Throws `ElfError`. */
export function readSegments(reader: Reader, header: ElfHeader): Segment[] {
  const { phoff, phnum } = header;
  if (phnum === 0) return [];
  if (phnum > MAX_SEGMENTS) throw new ElfError('limit', phoff, `${phnum} program headers`);
  const size = PHENTSIZE[header.class];
  const table = readRange(reader, phoff, phnum * size, 'the program header table');
  const words = new Words(table, header.endian, phoff);
  const segments: Segment[] = [];
  for (let at = 0; at < table.length; at += size)
    segments.push(header.class === 64 ? segment64(words, at) : segment32(words, at));
  return segments;
}

/** Elf64_Phdr (gABI, "Program Header"). */
function segment64(words: Words, at: number): Segment {
  return {
    type: words.u32(at),
    flags: words.u32(at + 4),
    offset: words.u64(at + 8),
    vaddr: words.u64(at + 16),
    filesz: words.u64(at + 32),
    memsz: words.u64(at + 40),
    align: words.u64float(at + 48),
  };
}

/** Elf32_Phdr, whose fields are in another order. */
function segment32(words: Words, at: number): Segment {
  return {
    type: words.u32(at),
    flags: words.u32(at + 24),
    offset: words.u32(at + 4),
    vaddr: words.u32(at + 8),
    filesz: words.u32(at + 16),
    memsz: words.u32(at + 20),
    align: words.u32(at + 28),
  };
}

/** Reads the real count from sh_info of section 0, which replaces PN_XNUM (gABI, "Program Header"). */
function extendedCount(reader: Reader, header: ElfHeader): number {
  if (header.shoff === 0)
    throw new ElfError(
      'truncated',
      0,
      'PN_XNUM without a section 0, which would contain the number of program headers',
    );
  const wide = header.class === 64;
  const section = readRange(
    reader,
    header.shoff,
    wide ? 64 : 40,
    'section 0, which contains the number of program headers',
  );
  return new Words(section, header.endian, header.shoff).u32(wide ? 44 : 28);
}

function classOf(byte: number | undefined): ElfClass {
  if (byte === 1) return 32;
  if (byte === 2) return 64;
  throw new ElfError('class', 4, `unknown ELF class ${byte}`);
}

function endianOf(byte: number | undefined): Endian {
  if (byte === 1) return 'little';
  if (byte === 2) return 'big';
  throw new ElfError('data', 5, `unknown ELF byte order ${byte}`);
}

/** Translates a virtual address into a file offset through the PT_LOAD that contains it. Throws `ElfError` if none does. */
export function offsetOf(segments: readonly Segment[], address: number, what: string): number {
  return rangeFrom(segments, address, what).offset;
}

/**
 * Returns where in the file an address is, and where the PT_LOAD that contains it ends there. Loaders read tables in memory, so
 * that only the segment limits a table. Segments that follow one another both in memory and in the file count as one: patchelf
 * writes tables across them. Throws `ElfError` if no PT_LOAD contains the address.
 */
export function rangeFrom(
  segments: readonly Segment[],
  address: number,
  what: string,
): { readonly offset: number; readonly end: number } {
  for (const { type, vaddr, filesz, offset } of segments) {
    if (type !== PT_LOAD || address < vaddr || address >= vaddr + filesz) continue;
    return { offset: address - vaddr + offset, end: endInFile(segments, vaddr + filesz, offset + filesz) };
  }
  throw new ElfError('address', 0, `${what} at address 0x${address.toString(16)} is in no loaded segment`);
}

function endInFile(segments: readonly Segment[], address: number, offset: number): number {
  // in order of their addresses (elf(5)), so that one pass finds all of them
  let [at, end] = [address, offset];
  for (const { type, vaddr, filesz, offset: start } of segments)
    if (type === PT_LOAD && vaddr === at && start === end) [at, end] = [at + filesz, end + filesz];
  return end;
}
