import fs from 'node:fs';
import path from 'node:path';
import {
  array,
  assert as holds,
  boolean,
  constantFrom,
  double,
  nat,
  oneof,
  option,
  property,
  record,
  type Arbitrary,
} from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { PT_GNU_PROPERTY, PT_NOTE } from '../../src/elf/constants.ts';
import { ElfError } from '../../src/elf/error.ts';
import { readHeader, readSegments } from '../../src/elf/header.ts';
import { defaultDirectorySlots, glibcVersion } from '../../src/elf/loader-strings.ts';
import { readNotes } from '../../src/elf/notes.ts';
import { readElf } from '../../src/elf/read.ts';
import { readSymbols } from '../../src/elf/symbols.ts';
import { resolve } from '../../src/resolve/resolve.ts';
import { directoryView } from '../../src/view/directory.ts';
import { parseLdCache } from '../../src/view/ld-cache.ts';
import { LIB, LOADER, makeRoot, small } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { writeCache } from '../lab/cache-writer.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { cacheDirectory } from '../lab/roots.ts';
import { countSteps, guarded } from './guard.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20241124);
const runs = Number(process.env['FUZZ_RUNS'] ?? 24_000);
/** How many steps a file may take for each of its bytes, and besides: a few invalid bytes must not cost much. */
const STEPS_PER_BYTE = 8;
const STEPS_PER_FILE = 100_000;
afterAll(() => console.log(`fuzz: FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`));

/** The ends of large files are cut off: the tables to fuzz are at the start. */
function sample(file: string): [string, Buffer][] {
  return fs.existsSync(file) ? [[path.basename(file), fs.readFileSync(file)]] : [];
}

const versions = { verneed: { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.34?'] }, verdef: ['V1', 'V2'] };
const rich = {
  interp: LOADER,
  needed: ['libc.so.6', { auxiliary: 'liba.so' }, { filter: 'libf.so' }],
  soname: 'libx.so',
  runpath: '$ORIGIN/x:/y',
  flags1: 1,
  relr: true,
  sections: true,
  defines: ['own@@V1', 'old@V2', 'plain'],
  references: ['puts@GLIBC_2.2.5', 'maybe?'],
  ...versions,
};
const seeds: [string, Buffer][] = [
  ...sample('/bin/true'),
  ...sample('/lib/x86_64-linux-gnu/libc.so.6'),
  ...sample(LOADER),
  ...sample('/lib/x86_64-linux-gnu/libz.so.1'),
  ...sample(`${cacheDirectory}/multiarch-bookworm/lib/i386-linux-gnu/libz.so.1`),
  ...sample(`${cacheDirectory}/s390x-bookworm/usr/bin/true`),
  ['64-bit, little endian', Buffer.from(writeElf(rich))],
  ['32-bit, little endian', Buffer.from(writeElf({ ...rich, class: 32 }))],
  ['64-bit, big endian', Buffer.from(writeElf({ ...rich, endian: 'big', table: 'end' }))],
  ['32-bit, big endian', Buffer.from(writeElf({ ...rich, class: 32, endian: 'big', extendedCount: true }))],
];

/** Where mutations do the most harm: the tables that point to other tables. */
function hotSpots(bytes: Buffer): { at: number; size: number }[] {
  const reader = guarded(bytes);
  const header = readHeader(reader);
  const segments = readSegments(reader, header);
  const tables = segments
    .filter(({ type, filesz }) => type !== 1 && filesz > 0)
    .map(({ offset, filesz }) => ({ at: offset, size: filesz }));
  return [
    { at: 0, size: 64 },
    { at: header.phoff, size: header.phnum * 56 },
    ...tables,
    { at: 0, size: Math.min(bytes.length, 65_536) },
  ].map(({ at, size }) => ({ at, size: Math.max(1, Math.min(size, bytes.length - at)) }));
}

const value = oneof(
  constantFrom(0, 1, 2, 8, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  nat({ max: 0xffff_ffff }),
  nat({ max: 4096 }),
);
const mutation = record({
  spot: double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  place: double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  width: constantFrom(1, 2, 4, 4, 8),
  value,
  big: boolean(),
});
const mutations = record({
  edits: array(mutation, { minLength: 0, maxLength: 8 }),
  cut: option(double({ min: 0, max: 1, noNaN: true }), { freq: 4 }),
});
type Mutations = typeof mutations extends Arbitrary<infer T> ? T : never;

function mutate(
  bytes: Buffer,
  spots: readonly { at: number; size: number }[],
  { edits, cut }: Mutations,
  out: Buffer,
): Buffer {
  bytes.copy(out);
  for (const { spot, place, width, value: written, big } of edits) {
    const { at, size } = spots[Math.floor(spot * spots.length)]!;
    const offset = at + Math.floor((place * size) / width) * width;
    if (offset + width > bytes.length) continue;
    if (width === 8) {
      const wide = BigInt(written) * (written % 3 === 0 ? 0x1_0000_0001n : 1n);
      if (big) out.writeBigUInt64BE(wide, offset);
      else out.writeBigUInt64LE(wide, offset);
    } else if (big) out.writeUIntBE(written % 2 ** (8 * width), offset, width);
    else out.writeUIntLE(written % 2 ** (8 * width), offset, width);
  }
  return out.subarray(0, cut === null ? bytes.length : Math.floor(cut * bytes.length));
}

/** Runs the code. Fails the test if it throws anything but `ElfError`, or looks at the bytes of the file too often. */
function survives(size: number, code: () => unknown): boolean {
  const steps = countSteps(() => {
    try {
      code();
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  });
  if (steps > STEPS_PER_BYTE * size + STEPS_PER_FILE)
    throw new Error(`took ${steps} steps for ${size} bytes`);
  return true;
}

describe('the readers of mutated ELF files neither crash, nor hang, nor read outside the file', () => {
  it.each(seeds)('%s', (_name, bytes) => {
    const spots = hotSpots(bytes);
    const out = Buffer.alloc(bytes.length);
    let refused = 0;
    holds(
      property(mutations, given => {
        const mutant = guarded(mutate(bytes, spots, given, out));
        survives(mutant.size, () => {
          try {
            readElf(mutant, { versions: true });
          } catch (error) {
            refused++;
            throw error;
          }
        });
        survives(mutant.size, () => {
          const symbols = readSymbols(mutant, readElf(mutant));
          for (const reference of symbols?.references.slice(0, 100) ?? []) symbols?.defines(reference);
        });
        return survives(mutant.size, () => {
          const header = readHeader(mutant);
          const segments = readSegments(mutant, header);
          readNotes(mutant, header, segments, PT_NOTE);
          readNotes(mutant, header, segments, PT_GNU_PROPERTY);
        });
      }),
      { seed, numRuns: Math.ceil(runs / seeds.length) },
    );
    // otherwise the mutations miss what the parser reads
    expect(refused).toBeGreaterThan(runs / seeds.length / 10);
  });

  const loader = seeds.find(([name]) => name === 'ld-linux-x86-64.so.2');
  it.runIf(loader)('strings of a loader', () => {
    const [, bytes] = loader!;
    const spots = hotSpots(bytes);
    const out = Buffer.alloc(bytes.length);
    holds(
      property(mutations, given =>
        survives(bytes.length, () => [
          defaultDirectorySlots(mutate(bytes, spots, given, out)),
          glibcVersion(out),
        ]),
      ),
      { seed, numRuns: Math.ceil(runs / 60) },
    );
    expect(defaultDirectorySlots(bytes)).not.toEqual([]);
  });
});

describe('mutated ld.so.cache files', () => {
  const entries = [
    { key: 'libc.so.6', value: '/lib/libc.so.6' },
    { key: 'libz.so.1', value: '/lib/glibc-hwcaps/x86-64-v3/libz.so.1', hwcap: 'x86-64-v3' },
  ];
  const caches: [string, Buffer][] = [
    ['little endian', Buffer.from(writeCache(entries))],
    ['big endian', Buffer.from(writeCache(entries, 'big'))],
    ...sample('/etc/ld.so.cache'),
  ];
  it.each(caches)('%s', (_name, bytes) => {
    const spots = [
      { at: 0, size: 48 },
      { at: 0, size: bytes.length },
    ];
    const out = Buffer.alloc(bytes.length);
    holds(
      property(mutations, given =>
        survives(bytes.length, () => [...parseLdCache(mutate(bytes, spots, given, out)).entries()]),
      ),
      { seed, numRuns: Math.ceil(runs / 12) },
    );
    expect([...parseLdCache(bytes).entries()].length).toBeGreaterThan(1);
  });
});

const at = scratch();

it('resolves a root with a mutated library, with or without a finding', () => {
  const libc = writeElf({
    soname: 'libc.so.6',
    needed: ['ld-linux-x86-64.so.2', 'liba.so'],
    runpath: '$ORIGIN/a:/b',
    verdef: ['GLIBC_2.36'],
    verneed: { 'liba.so': ['A'] },
  });
  const root = makeRoot(at('root'), {
    ...small,
    '/usr/bin/app': { interp: LOADER, needed: ['libc.so.6'], verneed: { 'libc.so.6': ['GLIBC_2.36'] } },
  });
  const bytes = Buffer.from(libc);
  const spots = hotSpots(bytes);
  const out = Buffer.alloc(bytes.length);
  const seen = new Set<string>();
  holds(
    property(mutations, given => {
      fs.writeFileSync(`${root}${LIB}/libc.so.6`, mutate(bytes, spots, given, out));
      const { missing, fatal, versionProblems } = resolve([directoryView(root)], '/usr/bin/app');
      seen.add(
        fatal ? 'fatal' : missing.length > 0 ? 'missing' : versionProblems.length > 0 ? 'version' : 'nothing',
      );
    }),
    { seed, numRuns: Math.ceil(runs / 30) },
  );
  expect([...seen]).toEqual(expect.arrayContaining(['fatal', 'missing']));
});
