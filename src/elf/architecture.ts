import * as c from './constants.ts';
import type { ElfHeader } from './facts.ts';

/** systemd's name of an architecture (systemd src/basic/architecture.c), for `ARCHITECTURE=`. */
export function systemdArchitecture({ machine, class: bits, endian }: ElfHeader): string | undefined {
  const little = endian === 'little';
  switch (machine) {
    case c.EM_X86_64:
      return 'x86-64';
    case c.EM_386:
      return 'x86';
    case c.EM_AARCH64:
      return little ? 'arm64' : 'arm64-be';
    case c.EM_ARM:
      return little ? 'arm' : 'arm-be';
    case c.EM_S390:
      return bits === 64 ? 's390x' : 's390';
    case c.EM_PPC64:
      return little ? 'ppc64-le' : 'ppc64';
    case c.EM_PPC:
      return little ? 'ppc-le' : 'ppc';
    case c.EM_RISCV:
      return bits === 64 ? 'riscv64' : 'riscv32';
    case c.EM_LOONGARCH:
      return 'loongarch64';
    case c.EM_MIPS:
      return `mips${bits === 64 ? '64' : ''}${little ? '-le' : ''}`;
    default:
      return undefined;
  }
}
