import * as c from '../elf/constants.ts';
import type { ElfHeader } from '../elf/facts.ts';
import { FlixError } from '../errors.ts';

/** What the loader of an ABI is called, where it stands by convention, and how its cache entries are marked. */
interface Abi {
  /** glibc's standard PT_INTERP (sysdeps/unix/sysv/linux/<arch>/shlib-versions). */
  readonly interpreter: string;
  /** `flags` of its ld.so.cache entries (glibc sysdeps/generic/ldconfig.h and the architectures' dl-cache.h). */
  readonly cacheFlags: number;
  /** AT_PLATFORM of every processor of the ABI, for `$PLATFORM`; `undefined` where it differs from one to the next. */
  readonly platform?: string;
}

const EF_ARM_ABI_FLOAT_HARD = 0x400;
const EF_RISCV_FLOAT_ABI = 0x6;
const EF_RISCV_FLOAT_ABI_DOUBLE = 0x4;
const EF_PPC64_ABI = 0x3;
const EF_LOONGARCH_DOUBLE = 0x3;

/** `undefined`: a machine whose convention we do not know; then PT_INTERP alone tells. */
export function abiOf({ machine, class: bits, endian, flags }: ElfHeader): Abi | undefined {
  switch (machine) {
    case c.EM_X86_64:
      return bits === 64
        ? { interpreter: '/lib64/ld-linux-x86-64.so.2', cacheFlags: 0x303, platform: 'x86_64' }
        : { interpreter: '/libx32/ld-linux-x32.so.2', cacheFlags: 0x803, platform: 'x86_64' };
    case c.EM_386:
      return { interpreter: '/lib/ld-linux.so.2', cacheFlags: 0x003, platform: 'i686' };
    case c.EM_AARCH64:
      return {
        interpreter: endian === 'little' ? '/lib/ld-linux-aarch64.so.1' : '/lib/ld-linux-aarch64_be.so.1',
        cacheFlags: 0xa03,
        platform: 'aarch64',
      };
    case c.EM_ARM:
      return (flags & EF_ARM_ABI_FLOAT_HARD) !== 0
        ? { interpreter: '/lib/ld-linux-armhf.so.3', cacheFlags: 0x903, platform: 'v7l' }
        : { interpreter: '/lib/ld-linux.so.3', cacheFlags: 0xb03, platform: 'v7l' };
    case c.EM_S390:
      return bits === 64
        ? { interpreter: '/lib/ld64.so.1', cacheFlags: 0x403 }
        : { interpreter: '/lib/ld.so.1', cacheFlags: 0x003 };
    case c.EM_PPC64:
      return {
        interpreter: (flags & EF_PPC64_ABI) === 2 ? '/lib64/ld64.so.2' : '/lib64/ld64.so.1',
        cacheFlags: 0x503,
      };
    case c.EM_PPC:
      return { interpreter: '/lib/ld.so.1', cacheFlags: 0x003 };
    case c.EM_RISCV:
      if (bits === 32) return { interpreter: '/lib/ld-linux-riscv32-ilp32d.so.1', cacheFlags: 0x1003 };
      return (flags & EF_RISCV_FLOAT_ABI) === EF_RISCV_FLOAT_ABI_DOUBLE
        ? { interpreter: '/lib/ld-linux-riscv64-lp64d.so.1', cacheFlags: 0x1003 }
        : { interpreter: '/lib/ld-linux-riscv64-lp64.so.1', cacheFlags: 0xf03 };
    case c.EM_LOONGARCH:
      return (flags & 0x7) === EF_LOONGARCH_DOUBLE
        ? { interpreter: '/lib64/ld-linux-loongarch-lp64d.so.1', cacheFlags: 0x1203 }
        : { interpreter: '/lib64/ld-linux-loongarch-lp64s.so.1', cacheFlags: 0x1103 };
    case c.EM_68K:
    case c.EM_MIPS:
      return {
        interpreter: bits === 64 ? '/lib64/ld.so.1' : '/lib/ld.so.1',
        cacheFlags: bits === 64 ? 0x703 : 0x003,
      };
    default:
      return undefined;
  }
}

/** Whether two objects can share a process: what glibc's open_verify passes over as "wrong ELF class". */
export function sameAbi(a: ElfHeader, b: ElfHeader): boolean {
  if (a.class !== b.class || a.machine !== b.machine) return false;
  const mask = ABI_FLAGS.get(a.machine);
  return mask === undefined || (a.flags & mask) === (b.flags & mask);
}

/** Parts of e_flags that elf_machine_matches_host compares. */
const ABI_FLAGS: ReadonlyMap<number, number> = new Map([
  [c.EM_RISCV, EF_RISCV_FLOAT_ABI],
  [c.EM_PPC64, EF_PPC64_ABI],
  [c.EM_LOONGARCH, 0x7],
]);

/** `glibc-hwcaps` subdirectories, the most demanding first (glibc sysdeps/<arch>/dl-hwcaps-subdirs.c). */
const HWCAPS: ReadonlyMap<number, readonly string[]> = new Map([
  [c.EM_X86_64, ['x86-64-v4', 'x86-64-v3', 'x86-64-v2']],
  [c.EM_PPC64, ['power10', 'power9']],
  [c.EM_S390, ['z16', 'z15', 'z14', 'z13']],
]);

/** Every level that some loader knows, the least demanding of each machine first. */
const hwcapsLevels: readonly string[] = [...HWCAPS.values()].flatMap(levels => [...levels].reverse());

/** The subdirectories that a processor of the named level uses, the best first; empty for an unknown name. */
export function usableHwcaps(machine: number, level: string | undefined): readonly string[] {
  const all = HWCAPS.get(machine) ?? [];
  const best = level === undefined ? -1 : all.indexOf(level);
  return best < 0 ? [] : all.slice(best);
}

/** A processor level as `--hwcaps` names it; throws `FlixError` for one that no loader knows. */
export function hwcapsLevel(name: string | undefined): string | undefined {
  if (name === undefined || hwcapsLevels.includes(name)) return name;
  throw new FlixError(
    'input',
    'unknown-hwcaps',
    `--hwcaps ${name}: no loader knows this level`,
    `Known: ${hwcapsLevels.join(', ')}.`,
  );
}
