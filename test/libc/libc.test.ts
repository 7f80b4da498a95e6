import { describe, expect, it } from 'vitest';
import {
  glibc,
  isLibcPart,
  isLoaderFile,
  isLoaderName,
  isStandardInterpreter,
  libcFamily,
  musl,
  muslArchitecture,
  muslPathFile,
} from '../../src/libc/libc.ts';
import { facts } from '../relocate/elf.ts';

const needs = (...names: readonly string[]) =>
  facts({ dynamic: { needed: names.map(name => ({ tag: 'needed', name })) } });

describe('isLoaderFile', () => {
  it.each([
    'ld-linux-x86-64.so.2',
    'ld-linux.so.2',
    'ld-2.31.so',
    'ld-lsb-x86-64.so.3',
    'ld64.so.2',
    'ld.so.1',
    'ld.so',
    'ld-musl-x86_64.so.1',
  ])('recognises %s', name => {
    expect(isLoaderFile(name)).toBe(true);
  });

  it.each(['libld.so', 'ld', 'ld.bfd', 'ld.so.cache', 'ld-musl-x86_64.path', 'libc.so.6'])(
    'does not take %s for a loader',
    name => {
      expect(isLoaderFile(name)).toBe(false);
    },
  );
});

describe('isLibcPart', () => {
  it.each([
    ['libm.so.6', '/usr/lib/libm-2.31.so'],
    ['libnss_files.so.2', '/usr/lib/libnss_files.so.2'],
    [undefined, '/lib/ld-linux-x86-64.so.2'],
    ['libc.musl-x86_64.so.1', '/lib/ld-musl-x86_64.so.1'],
  ])('counts %s in %s', (soname, path) => {
    expect(isLibcPart(soname, path)).toBe(true);
  });

  it('counts libnsl.so.1 of glibc, but not libnsl.so.2 of the project libnsl', () => {
    expect(isLibcPart('libnsl.so.1', '/lib/libnsl.so.1')).toBe(true);
    expect(isLibcPart('libnsl.so.2', '/usr/lib/libnsl.so.2.0.1')).toBe(false);
  });

  it('judges by the soname rather than by the name of the file', () => {
    expect(isLibcPart('libnss_sss.so.2', '/usr/lib/libnss_files.so.2')).toBe(false);
    expect(isLibcPart('libx.so.1', '/usr/lib/libc.so.6')).toBe(false);
  });
});

describe('libcFamily', () => {
  it('is that of the libc an object needs', () => {
    expect(libcFamily(needs('libz.so.1', 'libc.so.6'))).toBe('glibc');
    expect(libcFamily(needs('libz.so', 'libc.so'))).toBe('musl');
    expect(libcFamily(needs('libc.musl-x86_64.so.1'))).toBe('musl');
  });

  it('is that of the loader a program names', () => {
    expect(libcFamily(facts({ interpreter: '/lib/ld-musl-aarch64.so.1' }))).toBe('musl');
    expect(libcFamily(facts({ interpreter: '/lib64/ld-linux-x86-64.so.2' }))).toBe('glibc');
  });

  it('is undefined for an object that needs no libc', () => {
    expect(libcFamily(needs('libz.so.1'))).toBeUndefined();
    expect(libcFamily(facts())).toBeUndefined();
  });
});

describe('isStandardInterpreter', () => {
  it.each([
    ['/lib64/ld-linux-x86-64.so.2', true],
    ['/lib/ld-musl-x86_64.so.1', true],
    ['/usr/local/app/ld-musl-x86_64.so.1', false],
    ['/lib/ld-linux.so.2', false],
    ['/usr/local/app/ld.so', false],
  ])('answers for %s of an x86-64 program: %s', (interpreter, expected) => {
    expect(isStandardInterpreter(facts({ interpreter }))).toBe(expected);
  });

  it('is false without an interpreter, and on a machine without a standard one', () => {
    expect(isStandardInterpreter(facts())).toBe(false);
    expect(isStandardInterpreter(facts({ header: { machine: 9999 } }))).toBe(false);
  });
});

describe('isLoaderName', () => {
  const program = facts({ interpreter: '/usr/local/app/ld.so' });

  it.each([
    ['ld.so', true],
    ['ld-linux-x86-64.so.2', true],
    ['libc.so', true],
    ['libc.so.6', false],
  ])('answers for %s: %s', (name, expected) => {
    expect(isLoaderName(name, program)).toBe(expected);
  });
});

describe('muslArchitecture and muslPathFile', () => {
  it('translate between the names of the loader and of its path file', () => {
    expect(muslArchitecture('/lib/ld-musl-armhf.so.1')).toBe('armhf');
    expect(muslArchitecture('/lib/libc.so')).toBeUndefined();
    expect(muslPathFile('armhf')).toBe('/etc/ld-musl-armhf.path');
  });
});

describe('what a libc opens by itself', () => {
  it('is libgcc_s, and before glibc 2.34 the modules for files and dns', () => {
    expect(glibc.opens(31)).toEqual(['libgcc_s.so.1', 'libnss_files.so.2', 'libnss_dns.so.2']);
    expect(glibc.opens(33)).toEqual(glibc.opens(31));
    expect(glibc.opens(34)).toEqual(['libgcc_s.so.1']);
    expect(glibc.opens(Infinity)).toEqual(['libgcc_s.so.1']);
  });

  it('is nothing for musl', () => {
    expect(musl.opens()).toEqual([]);
  });
});
