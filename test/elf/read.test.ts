import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { isProgram } from '../../src/elf/classify.ts';
import * as c from '../../src/elf/constants.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { readElf } from '../../src/elf/read.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { has } from '../lab/requires.ts';
import { cacheDirectory } from '../lab/roots.ts';
import { countSteps, guarded } from './guard.ts';
import { kinds, patched } from './kinds.ts';

const read = (bytes: Uint8Array) => readElf(guarded(bytes), { versions: true });
const codeOf = (bytes: Uint8Array) => {
  try {
    return read(bytes);
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe.each(kinds)('a $class-bit $endian-endian file', kind => {
  it('lists what the loader searches for, in its order', () => {
    const { dynamic, interpreter } = read(
      writeElf({
        ...kind,
        interp: '/lib/ld.so',
        needed: ['liba.so', { filter: 'libf.so' }, 'libü.so', { auxiliary: 'libx.so' }],
        soname: 'libme.so.1',
        rpath: '/r',
        runpath: '$ORIGIN/../lib:',
        flags1: c.DF_1_NODEFLIB,
        relr: true,
      }),
    );
    expect(interpreter).toBe('/lib/ld.so');
    expect(dynamic).toMatchObject({
      needed: [
        { tag: 'needed', name: 'liba.so' },
        { tag: 'filter', name: 'libf.so' },
        { tag: 'needed', name: 'libü.so' },
        { tag: 'auxiliary', name: 'libx.so' },
      ],
      soname: 'libme.so.1',
      rpath: '/r',
      runpath: '$ORIGIN/../lib:',
      flags1: c.DF_1_NODEFLIB,
      relr: true,
    });
    expect(dynamic?.runPathEntries.map(({ tag }) => tag)).toEqual([c.DT_RPATH, c.DT_RUNPATH]);
  });

  it('lists the versions that it needs and defines', () => {
    const { versions } = read(
      writeElf({
        ...kind,
        needed: ['libc.so.6', 'libm.so.6'],
        soname: 'libv.so',
        verneed: { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.34?'], 'libm.so.6': ['GLIBC_2.29'] },
        verdef: ['V_1', 'V_2'],
      }),
    );
    expect(versions).toEqual({
      needs: [
        {
          file: 'libc.so.6',
          versions: [
            { name: 'GLIBC_2.2.5', weak: false },
            { name: 'GLIBC_2.34', weak: true },
          ],
        },
        { file: 'libm.so.6', versions: [{ name: 'GLIBC_2.29', weak: false }] },
      ],
      defines: ['V_1', 'V_2'],
    });
  });

  it('defines no version if it has no version tables, so the loader accepts any', () => {
    expect(read(writeElf({ ...kind, needed: ['x'] })).versions).toEqual({ needs: [], defines: undefined });
    expect(readElf(bytesReader(writeElf({ ...kind, verdef: ['V'] }))).versions).toBeUndefined();
  });

  it('gives an ElfError or the same facts if it is cut off anywhere', () => {
    const bytes = writeElf({
      ...kind,
      interp: '/ld.so',
      needed: ['libc.so.6'],
      verneed: { 'libc.so.6': ['A'] },
      trailing: 'payload',
    });
    const whole = JSON.stringify(read(bytes));
    for (let length = 0; length <= bytes.length; length++) {
      const result = codeOf(bytes.subarray(0, length));
      expect(typeof result === 'string' || JSON.stringify(result) === whole, `${length} bytes`).toBe(true);
    }
    expect(codeOf(bytes.subarray(0, bytes.length - 1))).toMatchObject({ interpreter: '/ld.so' });
  });

  it('needs an executable stack if PT_GNU_STACK says so or, by default of the machine, if there is none', () => {
    const stack = (recipe: ElfRecipe) => read(writeElf({ ...kind, ...recipe })).executableStack;
    expect(stack({})).toBe(false);
    expect(stack({ stack: 'executable', machine: c.EM_AARCH64 })).toBe(true);
    expect(stack({ stack: 'unstated', machine: c.EM_68K })).toBe(true);
    expect(stack({ stack: 'unstated', machine: c.EM_AARCH64 })).toBe(false);
    expect(stack({ stack: 'unstated', machine: 0 })).toBe(false);
  });

  it('is either a program or a library', () => {
    const program = (recipe: object) => isProgram(read(writeElf({ ...kind, ...recipe })));
    expect(program({ type: 'exec' })).toBe(true);
    expect(program({ flags1: c.DF_1_PIE })).toBe(true);
    expect(program({ interp: '/ld.so' })).toBe(true);
    expect(program({ interp: '/ld.so', soname: 'libc.so.6' })).toBe(false);
    expect(program({ needed: ['libc.so.6'] })).toBe(false);
    expect(program({ type: 1 })).toBe(false);
  });
});

describe('a file with a malformed table', () => {
  const bytes = writeElf({ needed: ['libc.so.6'], soname: 'libx.so', verneed: { 'libc.so.6': ['A', 'B'] } });
  const { segments } = read(bytes);
  const dynamic = segments.find(({ type }) => type === c.PT_DYNAMIC)!.offset;
  const entries = Buffer.from(bytes);
  /** Returns the offset of a tag's value. */
  const valueOf = (tag: number) => {
    for (let at = dynamic; ; at += 16) if (Number(entries.readBigUInt64LE(at)) === tag) return at + 8;
  };
  const verneed = Number(entries.readBigUInt64LE(valueOf(c.DT_VERNEED)));

  it.each<[name: string, at: number, value: number[], code: string]>([
    ['a string table at an address that is not loaded', valueOf(c.DT_STRTAB), [0, 0, 0, 0xff], 'address'],
    ['a string outside of its table', valueOf(c.DT_SONAME), [0xff, 0xff], 'string'],
    ['a value beyond 2^53', valueOf(c.DT_NEEDED), [0, 0, 0, 0, 0, 0, 0, 0xff], 'string'],
    ['a version table that is not loaded', valueOf(c.DT_VERNEED), [0, 0, 0, 0xff], 'address'],
    ['versions outside of the file', verneed + 8, [0xff, 0xff, 0xff, 0x7f], 'truncated'],
    ['versions that name no string', verneed + 4, [0xff, 0xff, 0xff, 0x7f], 'string'],
  ])('%s', (_name, at, value, code) => {
    expect(codeOf(patched(bytes, at, value))).toBe(code);
  });

  it.each([
    ['larger than the file', [0xff, 0xff, 0xff]],
    ['smaller than its strings', [3, 0]],
  ])('is read like by a loader if DT_STRSZ is %s', (_name, size) => {
    expect(codeOf(patched(bytes, valueOf(c.DT_STRSZ), size))).toEqual(read(bytes));
  });

  it('is rejected if a string does not end in its segment', () => {
    // the value of DT_NULL is at the end of the segment
    const unended = patched(bytes, bytes.length - 8, [1, 1, 1, 1, 1, 1, 1, 1]);
    const strtab = Number(entries.readBigUInt64LE(valueOf(c.DT_STRTAB)));
    const last = bytes.length - 4 - strtab;
    expect(codeOf(patched(unended, valueOf(c.DT_SONAME), [last & 0xff, last >> 8]))).toBe('string');
  });

  it('is rejected if it is cut off in its dynamic table', () => {
    expect(codeOf(bytes.subarray(0, dynamic + 16))).toBe('truncated');
  });

  it('is rejected if it has more version entries than any real file, and takes few steps for each', () => {
    // each entry of the chain begins four bytes after the previous one, so only a limit ends it
    const count = 500_000;
    const chain = writeElf({ data: '\u0004\0\0\0'.repeat(count), verneed: { x: [] } });
    const { offset, vaddr } = read(chain).segments.filter(({ type }) => type === c.PT_LOAD)[1]!;
    expect(offset + 4 * count).toBe(chain.length);
    const table = read(chain).segments.find(({ type }) => type === c.PT_DYNAMIC)!.offset;
    const tags = Buffer.from(chain);
    let at = table;
    while (Number(tags.readBigUInt64LE(at)) !== c.DT_VERNEED) at += 16;
    tags.writeBigUInt64LE(BigInt(vaddr), at + 8);
    const steps = countSteps(() =>
      expect(() => readElf(guarded(tags), { versions: true })).toThrow(
        expect.objectContaining({ code: 'limit' }),
      ),
    );
    expect(steps).toBeLessThan(tags.length);
  });

  it('is rejected if it refers to one long string a hundred thousand times', () => {
    const long = writeElf({
      needed: ['x'.repeat(30_000), ...Array.from({ length: 3000 }, () => 'x'.repeat(30_000))],
    });
    expect(codeOf(long)).toBe('limit');
  });

  it('is rejected if its interpreter is longer than a path', () => {
    expect(codeOf(writeElf({ interp: `/${'x'.repeat(5000)}` }))).toBe('limit');
  });

  it('has its whole segment as the interpreter if there is no NUL, which the kernel would reject', () => {
    const program = writeElf({ interp: '/ld.so' });
    const { offset, filesz } = read(program).segments.find(({ type }) => type === c.PT_INTERP)!;
    expect(read(patched(program, offset + filesz - 1, [0x78])).interpreter).toBe('/ld.sox');
  });
});

/** Real files of this machine or of a lab root, if they are there. */
const real = [
  '/bin/true',
  '/lib/x86_64-linux-gnu/libc.so.6',
  '/lib64/ld-linux-x86-64.so.2',
  process.execPath,
  '/usr/bin/patchelf',
  ...[
    'multiarch-bookworm/lib/i386-linux-gnu/libc.so.6',
    's390x-bookworm/usr/bin/curl',
    'arm64-trixie/usr/bin/nginx',
    'media-bookworm/usr/bin/ffmpeg',
  ].map(file => `${cacheDirectory}/${file}`),
].filter(file => fs.existsSync(file));

describe.runIf(has('tool:readelf') && real.length > 0)('what readelf says of real files', () => {
  it.each(real)('%s', file => {
    const facts = read(fs.readFileSync(file));
    const told = execaSync('readelf', ['-W', '-h', '-l', '-d', '-V', file]).stdout;
    const all = (pattern: RegExp) => [...told.matchAll(pattern)].map(match => match[1]!);
    expect(facts.header.class).toBe(Number(/Class: +ELF(\d+)/.exec(told)![1]));
    expect(facts.header.endian).toBe(/Data:.*(little|big) endian/.exec(told)![1]);
    expect(facts.segments.length).toBe(Number(/Number of program headers: +(\d+)/.exec(told)![1]));
    expect(facts.executableStack).toBe(/GNU_STACK.* RWE /.test(told));
    expect(facts.interpreter).toBe(/interpreter: (.*)\]/.exec(told)?.[1]);
    expect(facts.dynamic?.needed.filter(({ tag }) => tag === 'needed').map(({ name }) => name) ?? []).toEqual(
      all(/\(NEEDED\).*\[(.*)\]/g),
    );
    expect(facts.dynamic?.soname).toBe(/\(SONAME\).*\[(.*)\]/.exec(told)?.[1]);
    expect(facts.dynamic?.runpath).toBe(/\(RUNPATH\).*\[(.*)\]/.exec(told)?.[1]);
    const needs = told.slice(told.indexOf('Version needs section'));
    const names = [...needs.matchAll(/Name: (\S+) {2}Flags/g)].map(match => match[1]!);
    expect(facts.versions?.needs.flatMap(({ versions }) => versions.map(({ name }) => name)) ?? []).toEqual(
      told.includes('Version needs section') ? names : [],
    );
    expect(facts.segments.map(({ vaddr }) => vaddr)).toEqual(
      all(/^ {2}[A-Z]\S+ +0x[0-9a-f]+ 0x([0-9a-f]+)/gm).map(text => Number.parseInt(text, 16)),
    );
  });
});
