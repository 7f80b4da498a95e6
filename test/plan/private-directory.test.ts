import { describe, expect, it } from 'vitest';
import { DF_1_NODEFLIB } from '../../src/elf/constants.ts';
import { scratch } from '../io/scratch.ts';
import {
  base,
  completed,
  type Files,
  holds,
  LIB,
  planOf,
  PRIVATE,
  program,
  refusal,
  rootAt,
  told,
} from './plan.ts';
import { privateLibraries } from '../../src/plan/private-directory.ts';
import { resolver } from '../../src/resolve/resolve.ts';

const at = scratch();
const whole = (files: Files, ...paths: string[]) => planOf(rootAt(at('root'), { ...base, ...files }), paths);

/** A plan for a DESTDIR tree with one staging root. */
function destdir(tree: Files, staging: Files = {}) {
  return completed(
    rootAt(at('tree'), tree, 'none', 'the tree'),
    rootAt(at('staging'), { ...base, ...staging }, 'glibc', 'the staging root'),
  );
}

describe('the private directory of programs of a whole root', () => {
  it('contains the loader, the libraries under their names, and the library that glibc opens itself', () => {
    const plan = whole({ '/usr/bin/app': program() }, '/usr/bin/app');
    expect(holds(plan, '/usr/local')).toEqual([
      '/usr/local/app/ld.so -> lib/ld-linux-x86-64.so.2',
      `${PRIVATE}/ld-linux-x86-64.so.2`,
      `${PRIVATE}/libc.so.6`,
      `${PRIVATE}/libgcc_s.so.1`,
    ]);
    expect(plan.loader).toBe(`${PRIVATE}/ld-linux-x86-64.so.2`);
    expect(told(plan, `${PRIVATE}/libc.so.6`)).toBe('library: needed by /usr/bin/app as libc.so.6');
    expect(told(plan, `${PRIVATE}/libgcc_s.so.1`)).toBe('library: opened by /usr/bin/app at run time');
  });

  it('contains a link for every further name of a library', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libx.so', 'libc.so.6'] }),
      '/usr/lib/libx.so.1': { link: 'libx.so.1.2.3' },
      '/usr/lib/libx.so': { link: 'libx.so.1' },
      '/usr/lib/libx.so.1.2.3': { soname: 'libx.so.1' },
    };
    const plan = whole(files, '/usr/bin/app');
    expect(holds(plan, `${PRIVATE}/libx`)).toEqual([
      `${PRIVATE}/libx.so -> libx.so.1`,
      `${PRIVATE}/libx.so.1`,
    ]);
  });

  it('contains a link to a library that was requested itself', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'], runpath: '$ORIGIN/../lib/app' }),
      '/usr/lib/app/libx.so.1': { soname: 'libx.so.1' },
    };
    const plan = whole(files, '/usr/bin/app', '/usr/lib/app');
    expect(holds(plan, `${PRIVATE}/libx`)).toEqual([`${PRIVATE}/libx.so.1 -> ../../../lib/app/libx.so.1`]);
    expect(holds(plan, '/usr/lib/app')).toEqual(['/usr/lib/app/libx.so.1']);
    expect(plan.expected.find(({ object }) => object === '/usr/bin/app')?.loads).toEqual([
      '/usr/lib/app/libx.so.1',
      `${PRIVATE}/libc.so.6`,
    ]);
  });

  it('is searched even by a program that was linked to ignore default directories', () => {
    const files: Files = { '/usr/bin/app': program({ runpath: LIB, flags1: DF_1_NODEFLIB }) };
    const { content } = whole(files, '/usr/bin/app').files.find(({ target }) => target === '/usr/bin/app')!;
    const why = content.kind === 'copy' ? content.edits.map(edit => 'why' in edit && edit.why) : [];
    expect(why).toEqual([
      'sets the interpreter',
      'disables the run path',
      'makes the loader search its default directory, which is private',
    ]);
  });

  it('does not exist for static programs', () => {
    const plan = whole({ '/usr/share/app': { text: '' } }, '/usr/share/app');
    expect(plan.loader).toBeUndefined();
    expect(holds(plan, '/usr/local')).toEqual([]);
  });

  it('is refused if a requested file lies at its path', () => {
    const files: Files = { '/usr/bin/app': program(), [`${PRIVATE}/libc.so.6`]: { soname: 'another' } };
    const { code, message } = refusal(() => whole(files, '/usr/bin/app', '/usr/local/app'));
    expect(code).toBe('claimed-twice');
    expect(message).toContain(`${PRIVATE}/libc.so.6`);
    expect(message).toContain(`${LIB}/libc.so.6`);
  });
});

describe('the private directory of a DESTDIR tree', () => {
  const tree: Files = {
    '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }),
    '/usr/lib/libx.so.1': { link: 'libx.so.1.0' },
    '/usr/lib/libx.so.1.0': { soname: 'libx.so.1' },
  };

  it('contains copies of libraries from the staging root, and links to those of the tree', () => {
    const plan = destdir(tree, { '/usr/lib/libx.so.1': { soname: 'libx.so.1' } });
    expect(holds(plan, PRIVATE)).toEqual([
      `${PRIVATE}/ld-linux-x86-64.so.2`,
      `${PRIVATE}/libc.so.6`,
      `${PRIVATE}/libgcc_s.so.1`,
      `${PRIVATE}/libx.so.1 -> ../../../lib/libx.so.1.0`,
      `${PRIVATE}/libx.so.1.0 -> ../../../lib/libx.so.1.0`,
    ]);
  });

  it('is refused if a link of the tree leads elsewhere', () => {
    const { code, message } = refusal(() => destdir({ ...tree, '/usr/local': { link: '/var/local' } }));
    expect(code).toBe('claimed-twice');
    expect(message).toContain('/usr/local');
  });
});

function wanted(
  files: Files,
  entries: readonly string[],
  excluded: (name: string) => string | undefined = () => undefined,
) {
  const resolve = resolver([rootAt(at('root'), { ...base, ...files })], { preloadFile: false });
  return privateLibraries(entries.map(resolve), excluded).map(
    ({ object, names, requester }) => `${object.real} as ${names.join(', ')} for ${requester.real}`,
  );
}

const LIBC = `${LIB}/libc.so.6 as libc.so.6 for`;

describe('privateLibraries', () => {
  it('lists each library once, with the object that needs it first, and never the loader', () => {
    const files = { '/usr/bin/a': program(), '/usr/bin/b': program() };
    expect(wanted(files, ['/usr/bin/a', '/usr/bin/b'])).toEqual([`${LIBC} /usr/bin/a`]);
  });

  it('lists one file with all names under which it is needed', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libx.so', 'libc.so.6'] }),
      '/usr/lib/libx.so.1': { soname: 'libx.so.1' },
      '/usr/lib/libx.so': { link: 'libx.so.1' },
    };
    expect(wanted(files, ['/usr/bin/app'])[0]).toBe(
      '/usr/lib/libx.so.1 as libx.so.1, libx.so for /usr/bin/app',
    );
  });

  it('names a library that is needed by path after the last component', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['/opt/x/libx.so', 'libc.so.6'] }),
      '/opt/x/libx.so': { soname: 'libx.so.1' },
    };
    expect(wanted(files, ['/usr/bin/app'])[0]).toBe('/opt/x/libx.so as libx.so for /usr/bin/app');
  });

  it('leaves out an excluded library and what only that needs', () => {
    const files: Files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }),
      '/usr/lib/libx.so.1': { soname: 'libx.so.1', needed: ['liby.so.1'] },
      '/usr/lib/liby.so.1': { soname: 'liby.so.1' },
    };
    const without = wanted(files, ['/usr/bin/app'], name => (name === 'libx.so.1' ? 'why not' : undefined));
    expect(without).toEqual([`${LIBC} /usr/bin/app`]);
  });

  it('refuses two files with one name', () => {
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
