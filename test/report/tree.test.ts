import { beforeAll, describe, expect, test } from 'vitest';
import { style } from '../../src/report/style.ts';
import { listingLine, treeText } from '../../src/report/tree.ts';
import { closureOf, files, nasty, root } from './root.ts';

const plain = { style: style(false), several: false };
let small: string;
beforeAll(() => {
  small = root(files);
});
const tree = (path: string, format = plain) => treeText(closureOf(path, small), format);

describe('treeText', () => {
  test('expands each object once and refers to it elsewhere', () => {
    expect(tree('/usr/bin/app')).toMatchInlineSnapshot(`
      "/usr/bin/app → /usr/bin/app-1  (loader /lib64/ld-linux-x86-64.so.2, glibc 2.36)
      ├─ libapp.so => /usr/bin/../lib/app/libapp.so  (RUNPATH $ORIGIN/../lib/app of /usr/bin/app)
      │  ├─ libpng.so.16 => /lib/x86_64-linux-gnu/libpng.so.16  (default /lib/x86_64-linux-gnu)
      │  │  ├─ libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1  (default /lib/x86_64-linux-gnu)  … libc.so.6 (below)
      │  │  └─ … libm.so.6, libc.so.6 (below)
      │  └─ … libc.so.6 (below)
      ├─ libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6  (default /lib/x86_64-linux-gnu)  … libc.so.6 (below)
      └─ libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6  (default /lib/x86_64-linux-gnu)
      5 libraries, 7.31 kB"
    `);
  });

  test('shows the file that a name with a slash leads to, and optional libraries that are missing', () => {
    expect(tree('/usr/bin/absolute')).toMatchInlineSnapshot(`
      "/usr/bin/absolute  (loader /lib64/ld-linux-x86-64.so.2, glibc 2.36)
      ├─ /lib/x86_64-linux-gnu/libm.so.6  (named by its path)
      │  └─ libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6  (default /lib/x86_64-linux-gnu)
      └─ auxiliary: libfast.so is missing, but optional
      2 libraries, 984 B"
    `);
  });

  test('says that a static program loads nothing', () => {
    expect(tree('/usr/bin/static')).toMatchInlineSnapshot(`"/usr/bin/static  (needs no library)"`);
  });

  test('names the root of each object if there are several roots', () => {
    expect(tree('/usr/bin/viewer', { ...plain, several: true })).toContain(
      '(default /lib/x86_64-linux-gnu; debian 12)',
    );
  });

  test('uses colour only if asked to', () => {
    expect(tree('/usr/bin/broken')).not.toContain('\u001b');
    expect(tree('/usr/bin/broken', { ...plain, style: style(true) })).toContain(
      '\u001b[31mlibgone.so.1 is missing\u001b[39m',
    );
  });

  test('prints control characters in names as escapes', () => {
    const text = tree(nasty);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n')[0]).toContain('\\u{1b}[31m`e`\\u{a}<f>');
  });
});

describe('the problems that keep a program from starting', () => {
  test('include all missing libraries, with the objects that need them and every place searched', () => {
    expect(tree('/usr/bin/broken')).toMatchInlineSnapshot(`
      "/usr/bin/broken  (loader /lib64/ld-linux-x86-64.so.2, glibc 2.36)
      ├─ libgone.so.1 is missing
      ├─ libuser.so => /usr/bin/../lib/broken/libuser.so  (RPATH $ORIGIN/../lib/broken of /usr/bin/broken)
      │  ├─ libgone.so.1 is missing
      │  └─ … libc.so.6 (below)
      └─ libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6  (default /lib/x86_64-linux-gnu)
      2 libraries found

      libgone.so.1 is missing
        needed by /usr/bin/broken
        needed by /usr/bin/../lib/broken/libuser.so
        searched:
          /usr/bin/../lib/broken/libgone.so.1     absent         RPATH $ORIGIN/../lib/broken of /usr/bin/broken
          /etc/ld.so.cache                        no such cache  cache
          /lib/x86_64-linux-gnu/libgone.so.1      absent         default /lib/x86_64-linux-gnu
          /usr/lib/x86_64-linux-gnu/libgone.so.1  absent         default /usr/lib/x86_64-linux-gnu
          /lib/libgone.so.1                       absent         default /lib
          /usr/lib/libgone.so.1                   absent         default /usr/lib

      Install what is missing into the root, or name a root that has it with --staging."
    `);
  });

  test('include a symbol version that the provider lacks', () => {
    expect(tree('/usr/bin/new')).toMatchInlineSnapshot(`
      "/usr/bin/new  (loader /lib64/ld-linux-x86-64.so.2, glibc 2.36)
      └─ libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6  (default /lib/x86_64-linux-gnu)
      1 library found

      /lib/x86_64-linux-gnu/libc.so.6 lacks symbol versions
        GLIBC_2.99 required by /usr/bin/new
        Take it from a newer root, or take the program from an older one."
    `);
  });

  test('include a file that the loader refuses', () => {
    expect(tree('/usr/bin/textual')).toMatchInlineSnapshot(`
      "/usr/bin/textual  (loader /lib64/ld-linux-x86-64.so.2, glibc 2.36)
      0 libraries found

      /lib/libtext.so: invalid ELF header
        needed by /usr/bin/textual; the loader stops here
        Replace that file, or remove it so that the search continues."
    `);
  });

  test('include an interpreter that is missing from the root', () => {
    expect(treeText(closureOf('/usr/bin/app-1', root(files, 'none')), plain)).toMatchInlineSnapshot(`
      "/usr/bin/app-1
      ├─ libapp.so => /usr/bin/../lib/app/libapp.so  (RUNPATH $ORIGIN/../lib/app of /usr/bin/app-1)
      │  ├─ libpng.so.16 is missing
      │  └─ libc.so.6 is missing
      ├─ libm.so.6 is missing
      └─ libc.so.6 is missing
      1 library found

      interpreter /lib64/ld-linux-x86-64.so.2 is missing
        requested by /usr/bin/app-1; the kernel cannot start the program without it
        Name the root that contains it and its libc with --staging.

      libm.so.6, libc.so.6, libpng.so.16 not found
        without a loader there are no default directories; only run paths were searched"
    `);
  });
});

test('a listing has one line per file', () => {
  const line = (path: string) => listingLine(closureOf(path, small));
  expect(line('/usr/bin/app')).toBe('/usr/bin/app-1: 5 libraries, 0 missing');
  expect(line('/usr/bin/broken')).toBe('/usr/bin/broken: 2 libraries, 1 missing');
  expect(line('/usr/bin/textual')).toBe(
    '/usr/bin/textual: 0 libraries, 0 missing, stops at /lib/libtext.so (invalid ELF header)',
  );
});
