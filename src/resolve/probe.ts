import { DF_1_PIE, ET_DYN, ET_EXEC } from '../elf/constants.ts';
import { ElfError } from '../elf/error.ts';
import type { ElfFacts, ElfHeader } from '../elf/facts.ts';
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

/**
 * Opens a file as glibc's open_verify and _dl_map_object_from_fd do (elf/dl-load.c): the search skips an object for
 * another ABI; any other file that cannot be loaded ends the program. Throws `FatalLoad`.
 *
 * @param machineFirst see `Loader.checksMachineFirst`
 */
export function probe(view: View, path: string, abi: ElfHeader, machineFirst: boolean): ProbeResult {
  const target = follow(view, path);
  if (target.path === undefined) return target.reason === 'absent' ? absent : { outcome: target.reason };
  if (target.kind === 'directory') throw new FatalLoad(path, 'cannot read file data: Is a directory');
  const object = objectAt(view, target.path);
  if (object.facts) {
    const reason = judge(object.facts, abi, machineFirst);
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
function judge(facts: ElfFacts, abi: ElfHeader, machineFirst: boolean): string | undefined {
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
  if (!facts.dynamic) return 'object file has no dynamic section';
  if ((facts.dynamic.flags1 & DF_1_PIE) !== 0)
    return 'cannot dynamically load position-independent executable';
  return undefined;
}
