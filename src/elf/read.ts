import { PF_X, PT_GNU_STACK, PT_INTERP } from './constants.ts';
import { dynamicStrings, interpretDynamic, readDynamicTable } from './dynamic.ts';
import { ElfError } from './error.ts';
import type { ElfFacts, ElfHeader, Segment } from './facts.ts';
import { readHeader, readSegments } from './header.ts';
import { machineOf } from './machine.ts';
import { type Reader, readRange } from './reader.ts';
import { StringTable, text } from './strings.ts';
import { readVersions } from './versions.ts';

/** PATH_MAX; the kernel refuses a longer interpreter (fs/binfmt_elf.c). */
const MAX_INTERPRETER = 4096;

/**
 * Reads an ELF file's header, program headers, interpreter and dynamic table, and the symbol version tables if
 * `versions` is set. Ignores sections. Throws `ElfError` and nothing else.
 */
export function readElf(reader: Reader, options: { readonly versions?: boolean } = {}): ElfFacts {
  const header = readHeader(reader);
  const segments = readSegments(reader, header);
  const table = readDynamicTable(reader, header, segments);
  let cached: StringTable | undefined;
  const strings = () => (cached ??= dynamicStrings(reader, segments, table!));
  return {
    header,
    segments,
    executableStack: needsExecutableStack(header, segments),
    interpreter: readInterpreter(reader, segments),
    dynamic: table && interpretDynamic(table, strings),
    versions: table && options.versions ? readVersions(reader, header, segments, table, strings) : undefined,
  };
}

/** The last PT_GNU_STACK counts. Without one, the default of the machine applies. */
function needsExecutableStack(header: ElfHeader, segments: readonly Segment[]): boolean {
  const stated = segments.findLast(({ type }) => type === PT_GNU_STACK);
  if (stated) return (stated.flags & PF_X) !== 0;
  return machineOf(header)?.executableStack ?? false;
}

function readInterpreter(reader: Reader, segments: readonly Segment[]): string | undefined {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  if (!segment) return undefined;
  if (segment.filesz > MAX_INTERPRETER)
    throw new ElfError('limit', segment.offset, `an interpreter path of ${segment.filesz} bytes`);
  const bytes = readRange(reader, segment.offset, segment.filesz, 'PT_INTERP');
  const end = bytes.indexOf(0);
  return text(end < 0 ? bytes : bytes.subarray(0, end));
}
