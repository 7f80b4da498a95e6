import fs from 'node:fs';
import path from 'node:path';
import {
  array,
  assert as check,
  asyncProperty,
  boolean,
  constantFrom,
  oneof,
  option,
  record,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlixError } from '../../src/errors.ts';
import { vendor } from '../../src/vendor/vendor.ts';
import { vendorRequest } from '../../src/vendor/request.ts';
import { listener, scratch } from '../io/scratch.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { buildFixture, type FileRecipe, type LoaderName } from '../lab/fixture.ts';
import { findLoader, loaderPath, placeLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';

/** How many trees are made. They are the same in each run; FLIX_TREES makes others, and as many as it says. */
const { FLIX_TREES } = process.env;
const RUNS = Number(FLIX_TREES ?? 40);

const programs = ['/usr/bin/a', '/opt/app/bin/b', '/usr/lib/jdk/bin/c', '/opt/app/d'];
const directories = [
  '/usr/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/jdk/lib',
  '/usr/lib/jdk/lib/server',
  '/opt/app/lib',
  '/opt/app/plugins',
  '/opt/other/lib/x86_64-linux-gnu',
];
const names = ['liba.so.1', 'libb.so.1', 'libc1.so', 'plugin.so', 'libgcc_s.so.1'];
const libraries = directories.flatMap(directory => names.map(name => `${directory}/${name}`));
const runPaths = [
  '$ORIGIN',
  '$ORIGIN/../lib',
  '$ORIGIN/server:/opt/app/lib',
  '/opt/other/$LIB',
  '/usr/lib/jdk/lib:/usr/lib/jdk/lib/server',
  '${ORIGIN}/../plugins:$PLATFORM',
  '/opt/app/link',
];

const shared: Arbitrary<ElfRecipe> = record(
  {
    needed: array(
      oneof(
        { weight: 8, arbitrary: constantFrom(...names) },
        { weight: 1, arbitrary: constantFrom('libabsent.so.9', ...libraries, '$ORIGIN/plugin.so') },
        { weight: 1, arbitrary: constantFrom(...names).map(auxiliary => ({ auxiliary })) },
      ),
      { maxLength: 3 },
    ),
    soname: constantFrom(...names),
    rpath: constantFrom(...runPaths),
    runpath: constantFrom(...runPaths),
    flags1: constantFrom(0x800),
    class: constantFrom(64, 64, 64, 64, 32),
    verdef: constantFrom(['V1'], ['V1', 'V2']),
    dlopenNote: constantFrom(...names, 'libabsent.so.9').map(soname =>
      JSON.stringify([{ soname: [soname] }]),
    ),
  },
  { requiredKeys: ['needed'] },
);

/** Libraries that a loader refuses: for a processor level that no machine has, or for segments that it cannot map. */
const damaged: Arbitrary<ElfRecipe> = oneof(
  constantFrom(1 << 20).map(isaNeeded => ({ isaNeeded })),
  constantFrom(0x800, 2 ** 48).map(align => ({ align })),
  constantFrom(8, 2 ** 48).map(memorySize => ({ memorySize })),
  constantFrom(0, 8, 1 << 20).map(dynamicSize => ({ dynamicSize })),
  constantFrom(0).map(stringSize => ({ stringSize })),
  constantFrom(9).map(osabi => ({ osabi })),
  constantFrom(1, 2).map(type => ({ type })),
);

const versioned = (recipe: ElfRecipe, wants: boolean): ElfRecipe => {
  const first = recipe.needed?.find(name => typeof name === 'string');
  return wants && typeof first === 'string' ? { ...recipe, verneed: { [first]: ['V2'] } } : recipe;
};

const libraryFile: Arbitrary<FileRecipe> = oneof(
  {
    weight: 12,
    arbitrary: record({
      recipe: shared,
      wants: constantFrom(false, false, false, true),
      damage: option(damaged, { nil: {}, freq: 4 }),
    }).map(({ recipe, wants, damage }) => ({ ...versioned(recipe, wants), ...damage })),
  },
  { weight: 3, arbitrary: constantFrom(...libraries).map(link => ({ link })) },
  { weight: 1, arbitrary: constantFrom({ text: 'GROUP(x)' }, { link: 'nowhere' }) },
);

const tree = record({
  programs: array(record({ at: constantFrom(...programs), recipe: shared }), { minLength: 1, maxLength: 3 }),
  libraries: array(record({ at: constantFrom(...libraries), file: libraryFile }), {
    minLength: 2,
    maxLength: 12,
  }),
  linked: option(constantFrom('/opt/app/lib', '/opt/app/plugins', '/usr/lib/jdk/lib'), { nil: undefined }),
  paths: array(
    constantFrom(
      '/opt/app',
      '/usr/lib/jdk',
      '/opt/other',
      '/opt/app/plugins',
      '/opt/app:/opt/moved',
      ...programs,
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  mode: constantFrom<'flix' | 'flatwrap'>('flix', 'flix', 'flix', 'flatwrap'),
  excluded: option(constantFrom(...names), { nil: undefined, freq: 6 }),
  run: boolean(),
});

type Tree = typeof tree extends Arbitrary<infer T> ? T : never;

const at = scratch();
let made = 0;

function rootOf(given: Tree, loader: Exclude<LoaderName, 'none'>): string {
  const root = at(`root-${made}`);
  const interp = loaderPath(loader);
  const files: Record<string, FileRecipe> = {
    '/bin': { link: 'usr/bin' },
    '/lib': { link: 'usr/lib' },
    '/usr/lib/os-release': { text: 'ID=test\nVERSION_ID=1\n' },
    '/usr/lib/x86_64-linux-gnu/libc.so.6': { soname: 'libc.so.6', needed: [path.basename(interp)] },
    '/usr/lib/x86_64-linux-gnu/liba.so.1': { soname: 'liba.so.1' },
    '/usr/lib/x86_64-linux-gnu/libb.so.1': { soname: 'libb.so.1', needed: ['liba.so.1'] },
    '/usr/lib/x86_64-linux-gnu/libgcc_s.so.1': { soname: 'libgcc_s.so.1', needed: ['libc.so.6'] },
  };
  for (const { at: place, file } of given.libraries)
    // musl takes a file of another class for one of its own
    files[place] = loader === 'musl' && 'class' in file ? { ...file, class: 64 } : file;
  for (const { at: place, recipe } of given.programs) {
    const { soname: _, ...program } = { ...recipe, class: 64 as const, interp };
    files[place] = { ...program, needed: [...(recipe.needed ?? []), 'libc.so.6'] };
  }
  if (given.linked !== undefined) files['/opt/app/link'] = { link: given.linked };
  fs.mkdirSync(root, { recursive: true });
  buildFixture(root, { rule: '', source: '', files });
  placeLoader(root, loader, findLoader(loader));
  return root;
}

/** Returns why vendoring failed in a way that no input may cause; `undefined`: it did not. */
async function fault(given: Tree, loader: Exclude<LoaderName, 'none'>): Promise<string | undefined> {
  made++;
  const root = rootOf(given, loader);
  try {
    const paths = given.paths.filter(file => fs.existsSync(root + file.replace(/:.*/, '')));
    const request = await vendorRequest(root, paths.length > 0 ? paths : [given.programs[0]!.at], {
      name: 'gen',
      out: at(`out-${made}`),
      staging: [],
      include: [],
      seen: [],
      overlay: [],
      package: [],
      with: [],
      exclude: [],
      libraryPath: [],
      excludeLib: given.excluded === undefined ? [] : [`${given.excluded}=not wanted`],
      dlopen: [],
      needs: 'required',
      strict: false,
      mode: given.mode,
      seal: 'auto',
      bind: [],
      bindRo: [],
    });
    await vendor(request, { force: true, run: given.run, pack: false, progress: listener() });
    outcomes.set('vendored', (outcomes.get('vendored') ?? 0) + 1);
    return undefined;
  } catch (error) {
    if (!(error instanceof FlixError)) return (error as Error).stack;
    const { kind, code, message, fix = '' } = error;
    if (fix.includes('report it')) return `${code}: ${message}`;
    // the generated files have no sections, which patchelf needs; a program may need a damaged library
    const isExpected = code === 'patchelf-failed' || (code === 'loader-refuses' && hasDamage(given));
    if (kind === 'proof' && !isExpected) return `${code}: ${message}`;
    outcomes.set(error.code, (outcomes.get(error.code) ?? 0) + 1);
    return undefined;
  } finally {
    fs.rmSync(root, { recursive: true });
    fs.rmSync(at(`out-${made}`), { recursive: true, force: true });
  }
}

/** Trees on which longer runs found faults. */
const FOUND: [Tree][] = [
  // an excluded library that exists for another word size
  [
    {
      programs: [
        {
          at: '/usr/bin/a',
          recipe: { needed: ['libc1.so'], runpath: '/usr/lib/jdk/lib:/usr/lib/jdk/lib/server' },
        },
      ],
      libraries: [
        { at: '/usr/lib/jdk/lib/libc1.so', file: { needed: [], class: 32 } },
        { at: '/usr/lib/liba.so.1', file: { needed: [] } },
      ],
      linked: undefined,
      paths: ['/opt/app'],
      mode: 'flatwrap',
      excluded: 'libc1.so',
      run: true,
    },
  ],
  [
    {
      programs: [{ at: '/usr/bin/a', recipe: { needed: [] } }],
      libraries: [
        { at: '/opt/app/lib/libgcc_s.so.1', file: { needed: ['libgcc_s.so.1'], runpath: '$ORIGIN' } },
        { at: '/usr/lib/liba.so.1', file: { link: '/usr/lib/liba.so.1' } },
      ],
      linked: undefined,
      paths: ['/opt/app:/opt/moved', '/opt/app'],
      mode: 'flix',
      excluded: undefined,
      run: true,
    },
  ],
  [
    {
      programs: [{ at: '/usr/bin/a', recipe: { needed: [] } }],
      libraries: [
        { at: '/opt/app/plugins/libc1.so', file: { link: '/opt/app/plugins/libgcc_s.so.1' } },
        { at: '/opt/app/lib/libb.so.1', file: { needed: [], runpath: '${ORIGIN}/../plugins:$PLATFORM' } },
        { at: '/usr/lib/liba.so.1', file: { link: '/usr/lib/liba.so.1' } },
        { at: '/opt/app/plugins/libgcc_s.so.1', file: { needed: ['libc1.so'] } },
      ],
      linked: undefined,
      paths: ['/opt/app'],
      mode: 'flix',
      excluded: undefined,
      run: true,
    },
  ],

  // libraries that need their own name
  [
    {
      programs: [{ at: '/usr/bin/a', recipe: { needed: [] } }],
      libraries: [
        { at: '/usr/lib/liba.so.1', file: { needed: [] } },
        { at: '/opt/app/lib/libc1.so', file: { needed: ['libc1.so'], runpath: '$ORIGIN' } },
      ],
      linked: undefined,
      paths: ['/opt/app'],
      mode: 'flix',
      excluded: undefined,
      run: true,
    },
  ],
];

const DAMAGE = ['align', 'memorySize', 'dynamicSize', 'type', 'osabi'];

function hasDamage({ libraries: all }: Tree): boolean {
  return all.some(({ file }) => DAMAGE.some(member => member in file));
}

const outcomes = new Map<string, number>();

describe.each(['glibc', 'glibc-2.41', 'musl'] as const)('a generated tree under %s', loader => {
  it.runIf(has('chroot', `loader:${loader}`))(
    'is vendored and proven, or refused with a reason: never a report of a fault in flix',
    async () => {
      outcomes.clear();
      await check(
        asyncProperty(tree, async given => {
          expect(await fault(given, loader)).toBeUndefined();
        }),
        { numRuns: RUNS, ...(FLIX_TREES === undefined && { seed: 17, examples: FOUND }) },
      );
      expect(outcomes.get('vendored')).toBeGreaterThan(RUNS / 10);
      if (FLIX_TREES !== undefined) console.log(loader, outcomes);
    },
  );
});
