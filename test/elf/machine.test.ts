import { describe, expect, it } from 'vitest';
import { tripletArchitectures } from '../../src/elf/machine.ts';

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
