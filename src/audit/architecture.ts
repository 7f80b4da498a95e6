import * as c from '../elf/constants.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';

/** A machine in the spelling of `ARCHITECTURE=` (systemd src/basic/architecture.c). */
function architectureName({ machine, class: bits, endian }: ElfHeader): string | undefined {
  const big = endian === 'big';
  switch (machine) {
    case c.EM_X86_64:
      return 'x86-64';
    case c.EM_386:
      return 'x86';
    case c.EM_AARCH64:
      return big ? 'arm64-be' : 'arm64';
    case c.EM_ARM:
      return big ? 'arm-be' : 'arm';
    case c.EM_S390:
      return bits === 64 ? 's390x' : 's390';
    case c.EM_PPC64:
      return big ? 'ppc64' : 'ppc64-le';
    case c.EM_PPC:
      return 'ppc';
    case c.EM_RISCV:
      return `riscv${bits}`;
    case c.EM_LOONGARCH:
      return 'loongarch64';
    default:
      return undefined;
  }
}

/** Programs of which every host has one, built for the machine's first architecture. */
const WITNESSES = [
  '/usr/lib/systemd/systemd',
  '/usr/bin/systemctl',
  '/usr/bin/sh',
  '/bin/sh',
  '/usr/bin/true',
];

/**
 * The architecture of a host, as its programs show it. systemd asks the running kernel, which for all but mixed
 * machines is the same.
 */
export function hostArchitecture(host: View): string | undefined {
  for (const path of WITNESSES) {
    const real = follow(host, path).path;
    const facts = real === undefined ? undefined : objectAt(host, real).facts;
    if (facts) return architectureName(facts.header);
  }
  return undefined;
}
