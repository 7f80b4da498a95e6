import { describe, expect, it } from 'vitest';
import * as c from '../../src/elf/constants.ts';
import type { ElfHeader } from '../../src/elf/facts.ts';
import { abiOf, machineOf, runnableOn, sameAbi, tripletArchitectures } from '../../src/elf/machine.ts';
import { facts } from '../relocate/elf.ts';

describe('tripletArchitectures', () => {
  it.each([
    ['/usr/lib/x86_64-linux-gnu/libz.so.1', 'x86-64'],
    ['/usr/lib/i386-linux-gnu/libz.so.1', 'x86'],
    ['/usr/aarch64-linux-gnu/lib/libc.so.6', 'arm64'],
    ['/usr/lib/rustlib/aarch64-unknown-linux-musl/lib/libstd.so', 'arm64'],
    ['/usr/lib/arm-linux-gnueabihf/libz.so.1', 'arm'],
    ['/usr/lib/powerpc64le-linux-gnu/libz.so.1', 'ppc64-le'],
    ['/usr/lib/s390x-linux-gnu/libz.so.1', 's390x'],
    ['/usr/lib/riscv64-linux-gnu/libz.so.1', 'riscv64'],
    ['/usr/lib/mips64el-linux-gnuabi64/libz.so.1', 'mips64-le'],
    ['/usr/lib/mipsisa32r6el-linux-gnu/libz.so.1', 'mips-le'],
  ])('%s: %s', (path, architecture) => {
    expect(tripletArchitectures(path)).toEqual([architecture]);
  });

  it('returns nothing if no directory is called after a processor', () => {
    expect(tripletArchitectures('/usr/lib/libz.so.1')).toEqual([]);
    expect(tripletArchitectures('/usr/bin/aarch64-linux-gnu-strip')).toEqual([]);
    expect(tripletArchitectures('/usr/lib/vax-linux-gnu/libz.so.1')).toEqual([]);
  });

  it('returns both architectures of a cross compiler’s directory', () => {
    const path = '/usr/lib/x86_64-linux-gnu/cross/aarch64-linux-gnu/libbfd.so';
    expect(tripletArchitectures(path)).toEqual(['x86-64', 'arm64']);
  });
});

const header = (machine: number, bits: 32 | 64 = 64, endian: 'little' | 'big' = 'little', flags = 0) =>
  facts({ header: { machine, class: bits, endian, flags } }).header;

describe('machineOf', () => {
  it.each<[systemd: string, qemu: string | undefined, copy: number | undefined, header: ElfHeader]>([
    ['x86-64', 'x86_64', 5, header(c.EM_X86_64)],
    ['x86-64', 'x86_64', 5, header(c.EM_X86_64, 32)],
    ['x86', 'i386', 5, header(c.EM_386, 32)],
    ['arm64', 'aarch64', 1024, header(c.EM_AARCH64)],
    ['arm64-be', 'aarch64_be', 1024, header(c.EM_AARCH64, 64, 'big')],
    ['arm', 'arm', 20, header(c.EM_ARM, 32)],
    ['s390x', 's390x', 9, header(c.EM_S390, 64, 'big')],
    ['s390', undefined, 9, header(c.EM_S390, 32, 'big')],
    ['ppc64-le', 'ppc64le', 19, header(c.EM_PPC64)],
    ['ppc64', 'ppc64', 19, header(c.EM_PPC64, 64, 'big')],
    ['ppc-le', undefined, 19, header(c.EM_PPC, 32)],
    ['riscv32', 'riscv32', 4, header(c.EM_RISCV, 32)],
    ['loongarch64', 'loongarch64', 4, header(c.EM_LOONGARCH)],
    ['mips64-le', undefined, undefined, header(c.EM_MIPS)],
    ['mips', undefined, undefined, header(c.EM_MIPS, 32, 'big')],
  ])('knows the names of %s: qemu-%s, R_*_COPY %s', (systemd, qemu, copyRelocation, file) => {
    const { systemd: name, qemu: emulated, copyRelocation: copy } = machineOf(file)!;
    expect([name, emulated, copy]).toEqual([systemd, qemu, copyRelocation]);
  });

  it('returns nothing for an unknown machine', () => {
    expect(machineOf(header(9999))).toBeUndefined();
  });
});

describe('abiOf', () => {
  it.each<[interpreter: string, cacheFlags: number, header: ElfHeader]>([
    ['/lib64/ld-linux-x86-64.so.2', 0x303, header(c.EM_X86_64)],
    ['/libx32/ld-linux-x32.so.2', 0x803, header(c.EM_X86_64, 32)],
    ['/lib/ld-linux-armhf.so.3', 0x903, header(c.EM_ARM, 32, 'little', 0x5000400)],
    ['/lib/ld-linux.so.3', 0xb03, header(c.EM_ARM, 32, 'little', 0x5000200)],
    ['/lib64/ld64.so.2', 0x503, header(c.EM_PPC64, 64, 'little', 2)],
    ['/lib64/ld64.so.1', 0x503, header(c.EM_PPC64, 64, 'big', 1)],
    ['/lib/ld-linux-riscv64-lp64d.so.1', 0x1003, header(c.EM_RISCV, 64, 'little', 5)],
    ['/lib/ld-linux-riscv64-lp64.so.1', 0xf03, header(c.EM_RISCV, 64, 'little', 1)],
    ['/lib64/ld-linux-loongarch-lp64d.so.1', 0x1203, header(c.EM_LOONGARCH, 64, 'little', 0x43)],
    ['/lib64/ld.so.1', 0x703, header(c.EM_MIPS, 64, 'big')],
    ['/lib/ld.so.1', 0x003, header(c.EM_68K, 32, 'big')],
  ])('selects %s by the flags of the file', (interpreter, cacheFlags, file) => {
    expect(abiOf(file)).toMatchObject({ interpreter, cacheFlags });
  });
});

describe('sameAbi', () => {
  it('compares the class, the machine, and the flags that matter on it', () => {
    expect(sameAbi(header(c.EM_X86_64), header(c.EM_X86_64, 32))).toBe(false);
    expect(sameAbi(header(c.EM_X86_64), header(c.EM_AARCH64))).toBe(false);
    expect(sameAbi(header(c.EM_RISCV, 64, 'little', 5), header(c.EM_RISCV, 64, 'little', 1))).toBe(false);
    expect(sameAbi(header(c.EM_RISCV, 64, 'little', 5), header(c.EM_RISCV, 64, 'little', 4))).toBe(true);
    expect(sameAbi(header(c.EM_ARM, 32, 'little', 0x400), header(c.EM_ARM, 32))).toBe(true);
    expect(
      sameAbi(header(c.EM_ARM, 32, 'little', 0x5000200), header(c.EM_ARM, 32, 'little', 0x5000400)),
    ).toBe(false);
    expect(
      sameAbi(header(c.EM_ARM, 32, 'little', 0x5000000), header(c.EM_ARM, 32, 'little', 0x5000400)),
    ).toBe(true);
    expect(sameAbi(header(c.EM_PPC64, 64, 'little', 2), header(c.EM_PPC64))).toBe(true);
    expect(sameAbi(header(c.EM_PPC64, 64, 'little', 2), header(c.EM_PPC64, 64, 'little', 1))).toBe(false);
  });
});

describe('runnableOn', () => {
  it('includes the architecture that the kernel runs too', () => {
    expect(runnableOn('x86-64')).toEqual(['x86-64', 'x86']);
    expect(runnableOn('riscv64')).toEqual(['riscv64']);
  });
});
