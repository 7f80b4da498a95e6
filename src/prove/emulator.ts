import type { ElfHeader } from '../elf/facts.ts';
import { machineOf } from '../elf/machine.ts';
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
  const machine = machineOf(header)?.qemu;
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
