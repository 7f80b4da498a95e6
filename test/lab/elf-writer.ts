import * as c from '../../src/elf/constants.ts';
import type { ElfClass } from '../../src/elf/facts.ts';
import { Bytes, Strings } from './bytes.ts';
import type { ElfRecipe } from './elf-recipe.ts';
import { dynamicEntries, type Places } from './elf-dynamic.ts';
import { noteSegments } from './elf-notes.ts';
import { relocations, symbolsOf, symbolTable, versionTable } from './elf-symbols.ts';
import { versionDefinitions, versionNeeds } from './elf-versions.ts';

/** The largest page of any architecture, so that every kernel maps the file. */
const PAGE = 0x10000;
/** The address that an ET_EXEC is linked to. */
const EXEC_BASE = 0x400000;
const SHN = { null: 0, strtab: 3, dynamic: 6 } as const;
const EV_CURRENT = 1;
const PF_R = 4;
const PF_RW = 6;
const PF_RWX = 7;

interface Chunk {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * Writes a small, valid ELF file without a compiler. One writable PT_LOAD contains everything that glibc and musl read before
 * they relocate: dynamic table, strings, symbols and hash tables. The file has no code: a loader can list it but not run it.
 */
export function writeElf(recipe: ElfRecipe): Uint8Array {
  const elfClass = recipe.class ?? 64;
  const endian = recipe.endian ?? 'little';
  const wide = elfClass === 64;
  const base = typeOf(recipe) === c.ET_EXEC ? EXEC_BASE : 0;
  const bytes = () => new Bytes(elfClass, endian);
  const headerSize = wide ? 64 : 52;
  const entrySize = wide ? 56 : 32;
  const count =
    2 +
    (recipe.stack === 'unstated' ? 0 : 1) +
    (recipe.interp === undefined ? 0 : 2) +
    (recipe.data === undefined ? 0 : 1) +
    (recipe.earlierDynamic === undefined ? 0 : 1) +
    noteSegments(recipe, bytes).length;
  const atEnd = recipe.table === 'end';

  let end = atEnd ? headerSize : headerSize + count * entrySize;
  const chunks: Chunk[] = [];
  const put = (content: Uint8Array): number => {
    const at = Math.ceil(end / 8) * 8;
    chunks.push({ at, bytes: content });
    end = at + content.length;
    return at;
  };

  const strings = new Strings();
  const interp = new TextEncoder().encode(`${recipe.interp ?? ''}\0`);
  const interpAt = recipe.interp === undefined ? 0 : put(interp);
  const symbols = symbolsOf(recipe);
  const symtab = base + put(symbolTable(symbols, elfClass, strings, bytes()));
  const hash = base + put(hashTable(symbols.length + 1, recipe.machine, elfClass, bytes()));
  const firstNeed = 2 + (recipe.verdef?.length ?? 0);
  const verneed = recipe.verneed && base + put(versionNeeds(recipe.verneed, firstNeed, strings, bytes()));
  const verdef =
    recipe.verdef && base + put(versionDefinitions(recipe.soname ?? '', recipe.verdef, strings, bytes()));
  const versym = recipe.verneed || recipe.verdef ? base + put(versionTable(symbols, bytes())) : undefined;
  const slots = recipe.references && base + put(new Uint8Array((symbols.length * elfClass) / 8));
  const relocationTable = slots === undefined ? undefined : relocations(symbols, elfClass, slots, bytes());
  const relocated = relocationTable && { at: base + put(relocationTable), size: relocationTable.length };
  const notes = noteSegments(recipe, bytes).map(({ type, bytes: content }) => ({
    type,
    at: put(content),
    size: content.length,
  }));
  const places: Places = { symtab, hash, verneed, verdef, versym, relocations: relocated, wide };
  const entries = dynamicEntries(recipe, places, strings);
  const earlierNames = (recipe.earlierDynamic ?? []).map(name => strings.add(name));
  const strtabAt = put(Uint8Array.from(strings.bytes));
  const table = bytes();
  for (const [tag, value] of [
    ...entries,
    [c.DT_STRTAB, base + strtabAt],
    [c.DT_STRSZ, recipe.stringSize ?? strings.bytes.length],
    [c.DT_NULL, 0],
  ] as const)
    table.word(tag, value);
  const dynamic = table.done();
  const dynamicAt = put(dynamic);
  const earlier = bytes();
  for (const value of earlierNames) earlier.word(c.DT_NEEDED, value);
  for (const [tag, value] of [...entries, [c.DT_STRTAB, base + strtabAt], [c.DT_NULL, 0]] as const)
    if (tag !== c.DT_NEEDED) earlier.word(tag, value);
  const earlierAt = recipe.earlierDynamic === undefined ? 0 : put(earlier.done());

  const phoff = atEnd ? put(new Uint8Array(count * entrySize)) : headerSize;
  const loaded = end;
  const segment = (
    type: number,
    at: number,
    size: number,
    alignment: number,
    flags = PF_RW,
    address = base + at,
    memory = size,
  ): Uint8Array => {
    const out = bytes().u32(type);
    if (wide) out.u32(flags).word(at, address, address, size, memory, alignment);
    else out.word(at, address, address, size, memory).u32(flags).word(alignment);
    return out.done();
  };
  const align = recipe.align ?? PAGE;
  const dynamicSize = recipe.dynamicSize ?? dynamic.length;
  const segments = [
    segment(c.PT_LOAD, 0, loaded, align, PF_RW, base, recipe.memorySize),
    ...(recipe.earlierDynamic === undefined
      ? []
      : [segment(c.PT_DYNAMIC, earlierAt, earlier.done().length, 8)]),
    segment(c.PT_DYNAMIC, dynamicAt, dynamicSize, 8),
  ];
  // both have to precede every PT_LOAD (gABI); without PT_PHDR the loader does not know where a PIE was loaded
  if (recipe.interp !== undefined)
    segments.unshift(
      segment(c.PT_PHDR, phoff, count * entrySize, 8),
      segment(c.PT_INTERP, interpAt, interp.length, 1),
    );
  if (recipe.data !== undefined) {
    const data = new TextEncoder().encode(recipe.data);
    const at = put(data);
    segments.push(segment(c.PT_LOAD, at, data.length, align, PF_R, base + PAGE + at));
  }
  for (const { type, at, size } of notes) segments.push(segment(type, at, size, 8));
  if (recipe.stack !== 'unstated')
    segments.push(segment(c.PT_GNU_STACK, 0, 0, 16, recipe.stack === 'executable' ? PF_RWX : PF_RW, 0));
  segments.forEach((content, index) => chunks.push({ at: phoff + index * entrySize, bytes: content }));

  const withSections = recipe.sections === true || recipe.extendedCount === true;
  const names = '\0.dynstr\0.dynamic\0.shstrtab\0';
  const namesAt = withSections ? put(new TextEncoder().encode(names)) : 0;
  const section = (
    name: string,
    type: number,
    at: number,
    size: number,
    link: number,
    info = 0,
  ): Uint8Array =>
    bytes()
      .u32(name === '' ? 0 : names.indexOf(name), type)
      .word(type === SHN.null ? 0 : 2, at && base + at, at, size)
      .u32(link, info)
      .word(type === SHN.null ? 0 : 8, type === SHN.dynamic ? elfClass / 4 : 0)
      .done();
  const sections = withSections
    ? [
        section('', SHN.null, 0, 0, 0, recipe.extendedCount ? count : 0),
        section('.dynstr', SHN.strtab, strtabAt, strings.bytes.length, 0),
        section('.dynamic', SHN.dynamic, dynamicAt, dynamic.length, 1),
        section('.shstrtab', SHN.strtab, namesAt, names.length, 0),
      ]
    : [];
  const shoff = sections.map(put)[0] ?? 0;

  const header = bytes()
    .raw([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, endian === 'little' ? 1 : 2, EV_CURRENT])
    .raw([recipe.osabi ?? 0, recipe.abiVersion ?? 0])
    .align(16)
    .u16(typeOf(recipe), recipe.machine ?? (wide ? c.EM_X86_64 : c.EM_386))
    .u32(EV_CURRENT)
    .word(0, phoff, shoff)
    .u32(recipe.flags ?? 0)
    .u16(headerSize, entrySize, recipe.extendedCount ? c.PN_XNUM : count)
    .u16(wide ? 64 : 40, sections.length, Math.max(0, sections.length - 1));
  chunks.push({ at: 0, bytes: header.done() });

  const trailing = new TextEncoder().encode(recipe.trailing ?? '');
  const file = new Uint8Array(end + trailing.length);
  for (const { at, bytes: content } of chunks) file.set(content, at);
  file.set(trailing, end);
  return file;
}

function typeOf({ type = 'dyn' }: ElfRecipe): number {
  if (typeof type === 'number') return type;
  return type === 'exec' ? c.ET_EXEC : c.ET_DYN;
}

/** One bucket and one chain of all symbols. The words of 64-bit s390 (and alpha) are 8 bytes (glibc sysdeps/s390/s390-64/bits/elfclass.h). */
function hashTable(count: number, machine: number | undefined, elfClass: ElfClass, out: Bytes): Uint8Array {
  const chain = Array.from({ length: count }, (_, index) => (index === 0 ? 0 : (index + 1) % count));
  const words = [1, count, count > 1 ? 1 : 0, ...chain];
  return (machine === c.EM_S390 && elfClass === 64 ? out.word(...words) : out.u32(...words)).done();
}
