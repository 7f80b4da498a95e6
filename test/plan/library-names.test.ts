import { describe, expect, it } from 'vitest';
import { wantedLibraries } from '../../src/plan/library-names.ts';
import { resolver } from '../../src/resolve/resolve.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, LIB, program, refusal, rootAt } from './plan.ts';

const at = scratch();

function wanted(
  files: Files,
  entries: readonly string[],
  excluded: (name: string) => string | undefined = () => undefined,
) {
  const resolve = resolver([rootAt(at('root'), { ...base, ...files })], { preloadFile: false });
  return wantedLibraries(entries.map(resolve), excluded).map(
    ({ object, names, requester }) => `${object.real} as ${names.join(', ')} for ${requester.real}`,
  );
}

const LIBC = `${LIB}/libc.so.6 as libc.so.6 for`;

describe('what the private directory serves', () => {
  it('is each library once, for whoever asked first, and never the loader', () => {
    const files = { '/usr/bin/a': program(), '/usr/bin/b': program() };
    expect(wanted(files, ['/usr/bin/a', '/usr/bin/b'])).toEqual([`${LIBC} /usr/bin/a`]);
  });

  it('is one file under all names by which it is asked for', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libx.so', 'libc.so.6'] }),
      '/usr/lib/libx.so.1': { soname: 'libx.so.1' },
      '/usr/lib/libx.so': { link: 'libx.so.1' },
    };
    expect(wanted(files, ['/usr/bin/app'])[0]).toBe(
      '/usr/lib/libx.so.1 as libx.so.1, libx.so for /usr/bin/app',
    );
  });

  it('bears the last part of a path by which it is needed', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['/opt/x/libx.so', 'libc.so.6'] }),
      '/opt/x/libx.so': { soname: 'libx.so.1' },
    };
    expect(wanted(files, ['/usr/bin/app'])[0]).toBe('/opt/x/libx.so as libx.so for /usr/bin/app');
  });

  it('does not hold what was excluded, nor what only that brings', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }),
      '/usr/lib/libx.so.1': { soname: 'libx.so.1', needed: ['liby.so.1'] },
      '/usr/lib/liby.so.1': { soname: 'liby.so.1' },
    };
    const without = wanted(files, ['/usr/bin/app'], name => (name === 'libx.so.1' ? 'why not' : undefined));
    expect(without).toEqual([`${LIBC} /usr/bin/app`]);
  });

  it('cannot be two files of one name', () => {
    const files: Files = {
      '/usr/bin/a': program({ needed: ['libx.so.1', 'libc.so.6'], runpath: '/opt/a' }),
      '/usr/bin/b': program({ needed: ['libx.so.1', 'libc.so.6'], runpath: '/opt/b' }),
      '/opt/a/libx.so.1': { soname: 'libx.so.1' },
      '/opt/b/libx.so.1': { soname: 'libx.so.1' },
    };
    const { code, message } = refusal(() => wanted(files, ['/usr/bin/a', '/usr/bin/b']));
    expect(code).toBe('name-conflict');
    for (const part of ['/opt/a/libx.so.1', '/opt/b/libx.so.1', '/usr/bin/a', '/usr/bin/b'])
      expect(message).toContain(part);
  });
});
