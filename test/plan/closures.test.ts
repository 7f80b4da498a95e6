import { describe, expect, it } from 'vitest';
import { judgeMissing, type PlacedClosure } from '../../src/plan/closures.ts';
import type { Excluded } from '../../src/plan/request.ts';
import { resolver } from '../../src/resolve/resolve.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, LIB, program, refusal, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const nothing: Excluded = () => undefined;

function judged(
  files: Files,
  roles: Readonly<Record<string, PlacedClosure['role']>>,
  { strict = false, excluded = nothing }: { strict?: boolean; excluded?: Excluded } = {},
) {
  const resolve = resolver([rootAt(at(`root-${roots++}`), { ...base, ...files })], { preloadFile: false });
  const closures = Object.entries(roles).map(([path, role]) => ({
    role,
    target: path,
    closure: resolve(path),
  }));
  return judgeMissing(closures, excluded, strict).map(
    ({ code, file, message }) => `${code} ${file}: ${message}`,
  );
}

const lacking: Files = {
  '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }),
  '/usr/lib/libx.so.1': { soname: 'libx.so.1', needed: ['liby.so.1'] },
};
const plugin: Files = { '/usr/lib/app/plugin.so': { needed: ['libz.so.1', 'libc.so.6'] } };

describe('a missing library', () => {
  it.each(['entry', 'program'] as const)(
    'is an error for a program (%s), with what needs it and where it was searched',
    role => {
      const { kind, code, message } = refusal(() => judged(lacking, { '/usr/bin/app': role }));
      expect([kind, code]).toEqual(['missing', 'missing-library']);
      expect(message).toContain('/usr/bin/app: liby.so.1 is missing, needed by /usr/lib/libx.so.1');
      expect(message).toContain('/usr/lib/liby.so.1 (absent)');
    },
  );

  it('is reported together with all others', () => {
    const files: Files = {
      ...lacking,
      '/usr/bin/b': program({ needed: ['libb.so'] }),
      '/usr/bin/c': program({ needed: ['libc2.so'] }),
    };
    const { message } = refusal(() =>
      judged(files, { '/usr/bin/app': 'entry', '/usr/bin/b': 'entry', '/usr/bin/c': 'entry' }),
    );
    for (const name of ['liby.so.1', 'libb.so', 'libc2.so']) expect(message).toContain(`${name} is missing`);
  });

  it('is a remark if only an object in a directory needs it, and an error with --strict', () => {
    const role = { '/usr/lib/app/plugin.so': 'object' } as const;
    expect(judged(plugin, role)).toEqual(['missing-library /usr/lib/app/plugin.so: libz.so.1 is missing']);
    expect(refusal(() => judged(plugin, role, { strict: true })).code).toBe('missing-library');
  });

  it('is not reported if --exclude-lib left it out', () => {
    const excluded = (name: string) => (name.startsWith('liby') ? 'comes with the driver' : undefined);
    expect(judged(lacking, { '/usr/bin/app': 'entry' }, { excluded })).toEqual([]);
  });
});

describe('a program that cannot start', () => {
  it.each<[string, Files, string]>([
    [
      'is refused for missing symbol versions, those of one library in one line',
      {
        '/usr/bin/app': program({ verneed: { 'libc.so.6': ['GLIBC_2.38', 'GLIBC_2.99'] } }),
        [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', verdef: ['GLIBC_2.36'] },
      },
      `/usr/bin/app needs GLIBC_2.38, GLIBC_2.99 of libc.so.6, which ${LIB}/libc.so.6 does not define`,
    ],
    [
      'is refused for a file that stops the loader',
      {
        '/usr/bin/app': program({ needed: ['libt.so'] }),
        '/usr/lib/libt.so': { text: 'INPUT(libt.so.1)\n' },
      },
      'its loader would stop at /lib/libt.so',
    ],
    [
      'is refused for an interpreter that does not exist',
      { '/usr/bin/app': program({ interp: '/lib/ld-other.so.1' }) },
      'its interpreter /lib/ld-other.so.1 is not in any of the roots',
    ],
    [
      'is refused for an interpreter that is not a loader',
      { '/usr/bin/app': program({ interp: '/usr/lib/text' }), '/usr/lib/text': { text: 'text\n' } },
      'its interpreter /usr/lib/text is not a loader: not an ELF file',
    ],
  ])('%s', (_, files, message) => {
    expect(refusal(() => judged(files, { '/usr/bin/app': 'entry' })).message).toContain(message);
  });

  it('is not refused for a missing weak version, nor for a version that is defined', () => {
    const files: Files = {
      '/usr/bin/app': program({ verneed: { 'libc.so.6': ['GLIBC_2.36', 'GLIBC_2.99?'] } }),
      [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', verdef: ['GLIBC_2.36'] },
    };
    expect(judged(files, { '/usr/bin/app': 'entry' })).toEqual([]);
  });
});
