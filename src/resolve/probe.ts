import { DF_1_PIE, ET_DYN, ET_EXEC, PT_LOAD } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfFacts, ElfHeader, Segment } from '../elf/facts.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { machineOf, sameAbi } from '../elf/machine.ts';
import { FatalLoad } from './node.ts';

/** The result of opening a file as a library. */
export type ProbeResult =
  | { readonly outcome: 'found'; readonly real: string; readonly facts: ElfFacts; readonly id: string }
  | { readonly outcome: 'absent' | 'not-a-directory' | 'other-abi' | 'unreadable' | 'loop' | 'no-device' };

const absent: ProbeResult = { outcome: 'absent' };
const otherAbi: ProbeResult = { outcome: 'other-abi' };
const ELFOSABI_SYSV = 0;
const ELFOSABI_GNU = 3;
/** See `Machine.gnuAbiVersions`. */
const GNU_ABI_VERSIONS = 4;

/** The smallest page of any machine. */
const PAGE = 4096;
/** The size of the address space of a process on x86-64, in bytes. Objects that need more cannot be mapped anywhere. */
const ADDRESS_SPACE = 2 ** 47;

/** In what the loaders differ that open objects. */
export interface ObjectRules {
  /** See `Loader.checksMachineFirst`. */
  readonly machineFirst: boolean;
  /** Since 2.35, p_align of a PT_LOAD may be smaller than a page (bug 28688), and is honoured if it is larger (bug 28676). */
  readonly pageAligned: boolean;
}

/**
 * Opens a file as glibc's open_verify and _dl_map_object_from_fd do (elf/dl-load.c): the search skips an object for
 * another ABI; any other file that cannot be loaded ends the program. Throws `FatalLoad`.
 *
 */
export function probe(view: View, path: string, abi: ElfHeader, rules: ObjectRules): ProbeResult {
  const target = follow(view, path);
  if (target.path === undefined) return target.reason === 'absent' ? absent : { outcome: target.reason };
  if (target.kind === 'directory') throw new FatalLoad(path, 'cannot read file data: Is a directory');
  const object = objectAt(view, target.path);
  if (object.facts) {
    const reason = judge(object.facts, abi, rules);
    if (reason === 'other-abi') return otherAbi;
    if (reason !== undefined) throw new FatalLoad(path, reason);
    return { outcome: 'found', real: target.path, facts: object.facts, id: object.id };
  }
  const { failure } = object;
  if (failure instanceof ElfError) {
    if (failure.code === 'class') return otherAbi;
    if (failure.code === 'short') throw new FatalLoad(path, 'file too short');
    if (failure.code === 'magic') throw new FatalLoad(path, 'invalid ELF header');
    throw new FatalLoad(path, failure.message);
  }
  if (failure.code === 'EACCES') return { outcome: 'unreadable' };
  if (failure.code === 'ENXIO') return { outcome: 'no-device' };
  throw new FatalLoad(
    path,
    failure.code === 'special' ? 'not a regular file' : `cannot be read (${failure.code})`,
  );
}

/** Makes the loader's checks in its order. Returns why the object cannot be loaded, or `undefined` if it can. */
function judge(
  facts: ElfFacts,
  abi: ElfHeader,
  { machineFirst, pageAligned }: ObjectRules,
): string | undefined {
  const { header } = facts;
  if (header.class !== abi.class) return 'other-abi';
  // the loader reads e_machine in its own byte order, so it does not recognise that of a file with the other one
  if (machineFirst && (header.machine !== abi.machine || header.endian !== abi.endian)) return 'other-abi';
  if (header.endian !== abi.endian) return `ELF file data encoding not ${abi.endian}-endian`;
  if (!header.current) return 'ELF file version does not match current one';
  const { osabi, gnuAbiVersions = GNU_ABI_VERSIONS } = machineOf(abi) ?? {};
  if (![ELFOSABI_SYSV, ELFOSABI_GNU, osabi].includes(header.osabi)) return 'ELF file OS ABI invalid';
  if (header.abiVersion >= (header.osabi === ELFOSABI_GNU ? gnuAbiVersions : 1))
    return 'ELF file ABI version invalid';
  if (!header.padded) return 'nonzero padding in e_ident';
  if (!sameAbi(abi, header)) return 'other-abi';
  if (header.type === ET_EXEC) return 'cannot dynamically load executable';
  if (header.type !== ET_DYN) return 'only ET_DYN and ET_EXEC can be loaded';
  const loads = facts.segments.filter(({ type }) => type === PT_LOAD);
  const misaligned = loads.map(load => misalignment(load, pageAligned)).find(Boolean);
  if (misaligned !== undefined) return misaligned;
  if (loads.length === 0) return 'object file has no loadable segments';
  if (!facts.dynamic) return 'object file has no dynamic section';
  if (!fitsInMemory(loads, pageAligned ? 0 : PAGE)) return 'failed to map segment from shared object';
  if ((facts.dynamic.flags1 & DF_1_PIE) !== 0)
    return 'cannot dynamically load position-independent executable';
  return undefined;
}

/** Returns what the loader says of the alignment of a PT_LOAD (elf/dl-load.c, _dl_map_object_from_fd). */
function misalignment({ vaddr, offset, align }: Segment, pageAligned: boolean): string | undefined {
  const difference = BigInt(vaddr) - BigInt(offset);
  if (!pageAligned)
    return difference % BigInt(PAGE) === 0n ? undefined : 'ELF load command address/offset not page-aligned';
  if (align % PAGE !== 0) return 'ELF load command alignment not page-aligned';
  return (difference & (BigInt(align) - 1n)) === 0n
    ? undefined
    : 'ELF load command address/offset not properly aligned';
}

/**
 * Whether the address space has room for the segments of an object.
 * @param aligned the loader aligns segments whose p_align is greater than this; 0: it does not
 */
export function fitsInMemory(segments: readonly Segment[], aligned = 0): boolean {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const ends = loads.map(({ vaddr, memsz }) => vaddr + memsz);
  const alignments = aligned === 0 ? [] : loads.map(({ align }) => align).filter(align => align > aligned);
  const start = Math.min(...loads.map(({ vaddr }) => vaddr));
  return Math.max(...ends) - start + Math.max(0, ...alignments) < ADDRESS_SPACE;
}
