import * as c from '../elf/constants.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { findEmulator } from '../io/emulator.ts';
import { directoryView } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';

/** What could run a loader that this machine does not. */
export interface Emulator {
  /** `qemu-aarch64-static` */
  readonly name: string;
  /** A static program of this machine; `undefined`: it is not installed. */
  readonly path: string | undefined;
}

/** `undefined`: qemu emulates no such machine. */
export function emulatorFor(header: ElfHeader): Emulator | undefined {
  const machine = machineOf(header);
  if (machine === undefined) return undefined;
  const path = findEmulator(machine);
  return { name: `qemu-${machine}-static`, path: path !== undefined && isStatic(path) ? path : undefined };
}

function isStatic(path: string): boolean {
  const machine = directoryView('/');
  const real = follow(machine, path).path;
  const facts = real === undefined ? undefined : objectAt(machine, real).facts;
  return facts !== undefined && facts.interpreter === undefined;
}

/** qemu's name of a machine (qemu configs/targets/*-linux-user.mak). */
function machineOf({ machine, class: bits, endian }: ElfHeader): string | undefined {
  const little = endian === 'little';
  switch (machine) {
    case c.EM_X86_64:
      return 'x86_64';
    case c.EM_386:
      return 'i386';
    case c.EM_AARCH64:
      return little ? 'aarch64' : 'aarch64_be';
    case c.EM_ARM:
      return little ? 'arm' : 'armeb';
    case c.EM_S390:
      return bits === 64 ? 's390x' : undefined;
    case c.EM_PPC64:
      return little ? 'ppc64le' : 'ppc64';
    case c.EM_PPC:
      return little ? undefined : 'ppc';
    case c.EM_RISCV:
      return bits === 64 ? 'riscv64' : 'riscv32';
    case c.EM_LOONGARCH:
      return 'loongarch64';
    default:
      return undefined;
  }
}
