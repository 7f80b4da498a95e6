import * as c from './constants.ts';
import type { ElfClass, ElfHeader, Endian } from './facts.ts';

/** An ABI of a machine for which glibc is built. */
export interface GlibcAbi {
  /** Bits of e_flags that select this ABI. Without them, the ABI applies to every other file of the machine. */
  readonly flags?: { readonly mask: number; readonly value: number };
  /** The standard PT_INTERP (glibc sysdeps/unix/sysv/linux/<arch>/shlib-versions). */
  readonly interpreter: string;
  /** `flags` of its ld.so.cache entries (glibc sysdeps/generic/ldconfig.h and the architectures' dl-cache.h). */
  readonly cacheFlags: number;
  /** Other `flags` that its loader accepts too: of entries without a stated ABI (_dl_cache_check_flags). */
  readonly otherCacheFlags?: number;
  /** AT_PLATFORM, for `$PLATFORM`; `undefined` if it depends on the processor. */
  readonly platform?: string;
}

/** How a machine's code compares the name of a variable, and so how a loader can be sealed. See relocate/variables.ts. */
export type NameComparison = 'immediate operands' | 'move instructions' | 'strings';

/** Everything that flix knows about one machine: a value of e_machine, and its class and byte order if they matter. */
export interface Machine {
  /** e_machine, raw. */
  readonly machine: number;
  /** `undefined`: either. */
  readonly class?: ElfClass;
  /** `undefined`: either. */
  readonly endian?: Endian;
  /** systemd's name, for `ARCHITECTURE=` (systemd src/basic/architecture.c). */
  readonly systemd?: string;
  /** The processor in GNU triplets (GNU config config.sub; Debian's tuples: dpkg data/cputable). */
  readonly processors?: RegExp;
  /** qemu's name (qemu configs/targets/*-linux-user.mak). */
  readonly qemu?: string;
  /** systemd's name of another architecture whose programs the kernel runs too. */
  readonly alsoRuns?: string;
  /** R_*_COPY, the relocation that copies a library's variable into the program. */
  readonly copyRelocation?: number;
  /**
   * Whether a loader takes an object, by the e_flags of both (glibc, elf_machine_matches_host). Without it, e_flags do not
   * matter.
   */
  readonly matches?: (loader: number, object: number) => boolean;
  /** EI_OSABI of ordinary objects, besides 0 and that of GNU (glibc, VALID_ELF_OSABI). */
  readonly osabi?: number;
  /** Versions of the GNU ABI that glibc knows (LIBC_ABI_MAX in libc-abis.h); default 4. */
  readonly gnuAbiVersions?: number;
  /** The DT_SONAME of the vDSO (linux arch/<arch>/kernel/vdso/Makefile). On ARM, not every kernel has one. */
  readonly vdso?: string;
  /** The first ABI that fits applies. */
  readonly abis: readonly GlibcAbi[];
  /** `glibc-hwcaps` subdirectories, the most demanding first (glibc sysdeps/<arch>/dl-hwcaps-subdirs.c). */
  readonly hwcaps?: readonly string[];
  /** An object without PT_GNU_STACK gets an executable stack (glibc sysdeps/<arch>/stackinfo.h, DEFAULT_STACK_PERMS). */
  readonly executableStack?: boolean;
  /** `char` is signed, so that loaders sort other bytes than ASCII first. */
  readonly signedChar?: boolean;
  /**
   * Bits of AT_HWCAP that every processor of the machine has and that loaders up to 2.36 turned into directories, the
   * lowest bit first (glibc sysdeps/<arch>/dl-procinfo.h, HWCAP_IMPORTANT).
   */
  readonly legacyHwcaps?: readonly { readonly bit: number; readonly name: string }[];
  /** The bit that the entries of ld.so.cache for the machine's AT_PLATFORM had up to 2.36. */
  readonly legacyPlatformBit?: number;
  /**
   * `undefined`: variables of its loaders cannot be closed. On PowerPC the names are unique strings, but changing
   * them has no effect; loaders of the other machines have not been examined.
   */
  readonly namesComparedBy?: NameComparison;
}

const EF_ARM_EABIMASK = 0xff000000;
const EF_ARM_EABI_VER5 = 0x05000000;
const EF_ARM_ABI_FLOAT_SOFT = 0x200;
const EF_ARM_ABI_FLOAT_HARD = 0x400;
const ELFOSABI_ARM_AEABI = 64;
const EF_RISCV_FLOAT_ABI = 0x6;
const EF_RISCV_FLOAT_ABI_DOUBLE = 0x4;
const EF_PPC64_ABI = 0x3;
const EF_LOONGARCH_ABI_MODIFIER = 0x7;
const EF_LOONGARCH_DOUBLE = 0x3;

/** A loader that takes only objects with the same value of these bits of e_flags. */
function equal(mask: number): (loader: number, object: number) => boolean {
  return (loader, object) => (loader & mask) === (object & mask);
}

/** Whether an object is not built for the other way to pass floating-point numbers (glibc sysdeps/arm/ldsodefs.h, VALID_FLOAT_ABI). */
function hasArmFloatAbi(loader: number, object: number): boolean {
  const hard = (loader & EF_ARM_ABI_FLOAT_HARD) !== 0;
  const soft = (loader & EF_ARM_ABI_FLOAT_SOFT) !== 0;
  const other = hard ? EF_ARM_ABI_FLOAT_SOFT : soft ? EF_ARM_ABI_FLOAT_HARD : 0;
  return (object & EF_ARM_EABIMASK) !== EF_ARM_EABI_VER5 || (object & other) === 0;
}

const VDSO = 'linux-vdso.so.1';
const VDSO_32 = 'linux-vdso32.so.1';
const VDSO_64 = 'linux-vdso64.so.1';

const s390 = {
  machine: c.EM_S390,
  executableStack: true,
  copyRelocation: 9,
  namesComparedBy: 'strings',
} as const;
const ppc = {
  machine: c.EM_PPC,
  executableStack: true,
  copyRelocation: 19,
  vdso: VDSO_32,
  abis: [{ interpreter: '/lib/ld.so.1', cacheFlags: 0x003, otherCacheFlags: 0x001 }],
} as const;
const ppc64 = {
  machine: c.EM_PPC64,
  copyRelocation: 19,
  // an object without these bits does not depend on the ABI
  matches: (loader: number, object: number) =>
    (object & EF_PPC64_ABI) === 0 || (loader & EF_PPC64_ABI) === 0 || equal(EF_PPC64_ABI)(loader, object),
  vdso: VDSO_64,
  abis: [
    {
      flags: { mask: EF_PPC64_ABI, value: 2 },
      interpreter: '/lib64/ld64.so.2',
      cacheFlags: 0x503,
    },
    { interpreter: '/lib64/ld64.so.1', cacheFlags: 0x503 },
  ],
  hwcaps: ['power10', 'power9'],
} as const;
const arm = {
  machine: c.EM_ARM,
  executableStack: true,
  copyRelocation: 20,
  matches: hasArmFloatAbi,
  osabi: ELFOSABI_ARM_AEABI,
  gnuAbiVersions: 3,
  legacyHwcaps: [{ bit: 6, name: 'vfp' }],
  abis: [
    {
      flags: { mask: EF_ARM_ABI_FLOAT_HARD, value: EF_ARM_ABI_FLOAT_HARD },
      interpreter: '/lib/ld-linux-armhf.so.3',
      cacheFlags: 0x903,
      otherCacheFlags: 0x003,
      platform: 'v7l',
    },
    { interpreter: '/lib/ld-linux.so.3', cacheFlags: 0xb03, otherCacheFlags: 0x003, platform: 'v7l' },
  ],
} as const;
const riscv = {
  machine: c.EM_RISCV,
  copyRelocation: 4,
  matches: equal(EF_RISCV_FLOAT_ABI),
  vdso: VDSO,
} as const;
const mips32 = {
  machine: c.EM_MIPS,
  executableStack: true,
  vdso: VDSO,
  signedChar: true,
  class: 32,
  abis: [{ interpreter: '/lib/ld.so.1', cacheFlags: 0x003, otherCacheFlags: 0x001 }],
} as const;
const mips64 = {
  machine: c.EM_MIPS,
  executableStack: true,
  vdso: VDSO,
  signedChar: true,
  class: 64,
  abis: [{ interpreter: '/lib64/ld.so.1', cacheFlags: 0x703 }],
} as const;
const x86_64 = {
  machine: c.EM_X86_64,
  systemd: 'x86-64',
  qemu: 'x86_64',
  alsoRuns: 'x86',
  copyRelocation: 5,
  executableStack: true,
  hwcaps: ['x86-64-v4', 'x86-64-v3', 'x86-64-v2'],
  signedChar: true,
  legacyHwcaps: [{ bit: 1, name: 'x86_64' }],
  vdso: VDSO,
  namesComparedBy: 'immediate operands',
} as const;

const machines: readonly Machine[] = [
  {
    ...x86_64,
    class: 64,
    processors: /^x86_64$/,
    abis: [{ interpreter: '/lib64/ld-linux-x86-64.so.2', cacheFlags: 0x303, platform: 'x86_64' }],
  },
  {
    // x32
    ...x86_64,
    class: 32,
    abis: [{ interpreter: '/libx32/ld-linux-x32.so.2', cacheFlags: 0x803, platform: 'x86_64' }],
  },
  {
    machine: c.EM_386,
    executableStack: true,
    systemd: 'x86',
    processors: /^i[3-7]86$/,
    qemu: 'i386',
    copyRelocation: 5,
    abis: [
      { interpreter: '/lib/ld-linux.so.2', cacheFlags: 0x003, otherCacheFlags: 0x001, platform: 'i686' },
    ],
    signedChar: true,
    legacyHwcaps: [{ bit: 0, name: 'sse2' }],
    legacyPlatformBit: 49,
    vdso: 'linux-gate.so.1',
    namesComparedBy: 'immediate operands',
  },
  {
    machine: c.EM_AARCH64,
    endian: 'little',
    systemd: 'arm64',
    processors: /^aarch64$/,
    qemu: 'aarch64',
    alsoRuns: 'arm',
    copyRelocation: 1024,
    vdso: VDSO,
    abis: [{ interpreter: '/lib/ld-linux-aarch64.so.1', cacheFlags: 0xa03, platform: 'aarch64' }],
    namesComparedBy: 'move instructions',
  },
  {
    machine: c.EM_AARCH64,
    endian: 'big',
    systemd: 'arm64-be',
    processors: /^aarch64_be$/,
    qemu: 'aarch64_be',
    copyRelocation: 1024,
    vdso: VDSO,
    abis: [{ interpreter: '/lib/ld-linux-aarch64_be.so.1', cacheFlags: 0xa03, platform: 'aarch64' }],
  },
  {
    ...arm,
    endian: 'little',
    systemd: 'arm',
    processors: /^arm(?:v\d\w*)?$/,
    qemu: 'arm',
    namesComparedBy: 'strings',
  },
  { ...arm, endian: 'big', systemd: 'arm-be', processors: /^armeb$/, qemu: 'armeb' },
  {
    ...ppc64,
    endian: 'little',
    systemd: 'ppc64-le',
    processors: /^(?:powerpc|ppc)64(?:le|el)$/,
    qemu: 'ppc64le',
  },
  {
    ...ppc64,
    endian: 'big',
    systemd: 'ppc64',
    processors: /^(?:powerpc|ppc)64$/,
    qemu: 'ppc64',
    alsoRuns: 'ppc',
  },
  { ...ppc, endian: 'little', systemd: 'ppc-le' },
  { ...ppc, endian: 'big', systemd: 'ppc', processors: /^(?:powerpc|ppc)$/, qemu: 'ppc' },
  {
    ...s390,
    class: 64,
    systemd: 's390x',
    processors: /^s390x$/,
    qemu: 's390x',
    alsoRuns: 's390',
    vdso: VDSO_64,
    abis: [{ interpreter: '/lib/ld64.so.1', cacheFlags: 0x403 }],
    hwcaps: ['z16', 'z15', 'z14', 'z13'],
  },
  {
    ...s390,
    class: 32,
    systemd: 's390',
    vdso: VDSO_32,
    processors: /^s390$/,
    abis: [{ interpreter: '/lib/ld.so.1', cacheFlags: 0x003, otherCacheFlags: 0x001 }],
  },
  {
    ...riscv,
    class: 64,
    systemd: 'riscv64',
    processors: /^riscv64$/,
    qemu: 'riscv64',
    abis: [
      {
        flags: { mask: EF_RISCV_FLOAT_ABI, value: EF_RISCV_FLOAT_ABI_DOUBLE },
        interpreter: '/lib/ld-linux-riscv64-lp64d.so.1',
        cacheFlags: 0x1003,
      },
      { interpreter: '/lib/ld-linux-riscv64-lp64.so.1', cacheFlags: 0xf03 },
    ],
  },
  {
    ...riscv,
    class: 32,
    systemd: 'riscv32',
    processors: /^riscv32$/,
    qemu: 'riscv32',
    abis: [{ interpreter: '/lib/ld-linux-riscv32-ilp32d.so.1', cacheFlags: 0x1003 }],
  },
  {
    machine: c.EM_LOONGARCH,
    systemd: 'loongarch64',
    processors: /^loongarch64$/,
    qemu: 'loongarch64',
    copyRelocation: 4,
    matches: equal(EF_LOONGARCH_ABI_MODIFIER),
    vdso: VDSO,
    abis: [
      {
        flags: { mask: EF_LOONGARCH_ABI_MODIFIER, value: EF_LOONGARCH_DOUBLE },
        interpreter: '/lib64/ld-linux-loongarch-lp64d.so.1',
        cacheFlags: 0x1203,
      },
      { interpreter: '/lib64/ld-linux-loongarch-lp64s.so.1', cacheFlags: 0x1103 },
    ],
  },
  { ...mips32, endian: 'little', systemd: 'mips-le', processors: /^mips(?:isa32r6)?el$/ },
  { ...mips32, endian: 'big', systemd: 'mips', processors: /^mips(?:isa32r6)?$/ },
  { ...mips64, endian: 'little', systemd: 'mips64-le', processors: /^mips(?:isa)?64(?:r6)?el$/ },
  { ...mips64, endian: 'big', systemd: 'mips64', processors: /^mips(?:isa)?64(?:r6)?$/ },
  {
    machine: c.EM_68K,
    executableStack: true,
    copyRelocation: 19,
    abis: [{ interpreter: '/lib/ld.so.1', cacheFlags: 0x003, otherCacheFlags: 0x001 }],
  },
];

const byNumber = new Map<number, Machine[]>();
for (const row of machines) byNumber.set(row.machine, [...(byNumber.get(row.machine) ?? []), row]);

type Identity = Pick<ElfHeader, 'machine' | 'class' | 'endian'>;

/** Returns the row of a file's machine; `undefined` for a machine that is not in the table. */
export function machineOf({ machine, class: bits, endian }: Identity): Machine | undefined {
  return byNumber
    .get(machine)
    ?.find(row => (row.class ?? bits) === bits && (row.endian ?? endian) === endian);
}

/** Returns the glibc ABI of a file; `undefined` for an unknown machine, where only PT_INTERP names the loader. */
export function abiOf(header: Identity & Pick<ElfHeader, 'flags'>): GlibcAbi | undefined {
  return machineOf(header)?.abis.find(
    ({ flags }) => flags === undefined || (header.flags & flags.mask) === flags.value,
  );
}

/**
 * Whether two objects can share a process. glibc's open_verify skips an object that cannot as "wrong ELF class".
 * @param loader the loader, if it is one of the two
 */
export function sameAbi(loader: ElfHeader, object: ElfHeader): boolean {
  if (loader.class !== object.class || loader.machine !== object.machine) return false;
  return machineOf(loader)?.matches?.(loader.flags, object.flags) ?? true;
}

/** Returns systemd's names of the architectures whose programs a machine runs: its own, and any other that the kernel also runs. */
export function runnableOn(architecture: string): string[] {
  return [architecture, machines.find(({ systemd }) => systemd === architecture)?.alsoRuns ?? []].flat();
}

/** Every `glibc-hwcaps` level that some loader knows, the least demanding of each machine first. */
export const hwcapsLevels: readonly string[] = [
  ...new Set(machines.flatMap(({ hwcaps = [] }) => [...hwcaps].reverse())),
];

/** A directory for one architecture: `/usr/lib/aarch64-linux-gnu`, `rustlib/aarch64-unknown-linux-gnu`. */
const TRIPLET_DIRECTORY = /\/([a-z0-9_]+)-(?:\w+-)?linux-(?:gnu|musl)[a-z0-9]*(?=\/)/g;

/** Returns the architectures, by systemd's names, of the GNU triplets among the directories of a path. */
export function tripletArchitectures(path: string): string[] {
  return [...path.matchAll(TRIPLET_DIRECTORY)].flatMap(
    ([, processor]) => machines.find(({ processors }) => processors?.test(processor!))?.systemd ?? [],
  );
}
