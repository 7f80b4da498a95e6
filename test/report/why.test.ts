import { beforeAll, describe, expect, test } from 'vitest';
import { basename } from '../../src/view/path.ts';
import { directoryView } from '../../src/view/directory.ts';
import { missingReasons, reasonsFor } from '../../src/resolve/reasons.ts';
import { resolver } from '../../src/resolve/resolve.ts';
import { whyDocument } from '../../src/report/json-why.ts';
import { style } from '../../src/report/style.ts';
import { type Answer, type WhyFormat, whyText } from '../../src/report/why.ts';
import { files, root } from './root.ts';

const format: WhyFormat = { style: style(false), several: false, size: true, limit: 10 };
let small: string;
beforeAll(() => {
  small = root(files);
});

function answer(library: string, entries: readonly string[]): Answer {
  const closures = entries.map(resolver([directoryView(small)]));
  return {
    library,
    entries: entries.length,
    reasons: reasonsFor(closures, ({ path }) => basename(path) === library),
    missing: missingReasons(closures, name => name === library),
  };
}

describe('whyText', () => {
  test('shows the shortest chain through each direct requester, and what leaving the library out would save', () => {
    expect(whyText(answer('libm.so.6', ['/usr/bin/app']), format)).toMatchInlineSnapshot(`
      "/lib/x86_64-linux-gnu/libm.so.6  (424 B)

      /usr/bin/app
      └─ libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6  (default /lib/x86_64-linux-gnu)

      /usr/bin/app
      └─ libapp.so => /usr/bin/../lib/app/libapp.so  (RUNPATH $ORIGIN/../lib/app of /usr/bin/app)
         └─ libpng.so.16 => /lib/x86_64-linux-gnu/libpng.so.16  (default /lib/x86_64-linux-gnu)
            └─ libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6  (already loaded for /usr/bin/app: default /lib/x86_64-linux-gnu)

      leaving it out would save 424 B:
          424 B  /lib/x86_64-linux-gnu/libm.so.6"
    `);
  });

  test('counts the programs if there are several', () => {
    expect(whyText(answer('libpng.so.16', ['/usr/bin/app', '/usr/bin/viewer', '/usr/bin/new']), format))
      .toMatchInlineSnapshot(`
        "/lib/x86_64-linux-gnu/libpng.so.16  (480 B)
        loaded by 2 of 3 programs

        1 program asks for it itself:
          /usr/bin/viewer  (default /lib/x86_64-linux-gnu)

        /usr/bin/../lib/app/libapp.so asks for it, in 1 program; for example:
        /usr/bin/app
        └─ libapp.so => /usr/bin/../lib/app/libapp.so  (RUNPATH $ORIGIN/../lib/app of /usr/bin/app)
           └─ libpng.so.16 => /lib/x86_64-linux-gnu/libpng.so.16  (default /lib/x86_64-linux-gnu)

        leaving it out would save 5.90 kB:
          5.42 kB  /lib/x86_64-linux-gnu/libz.so.1
            480 B  /lib/x86_64-linux-gnu/libpng.so.16"
      `);
  });

  test('shortens long lists', () => {
    const text = whyText(answer('libc.so.6', ['/usr/bin/viewer', '/usr/bin/app', '/usr/bin/new']), {
      ...format,
      limit: 2,
    });
    expect(text).toContain('… and 1 more; --json lists all of them');
    expect(text).toContain('… and so do 2 more libraries; --json lists all of them');
  });

  test('shows every place that was searched for a missing library', () => {
    const text = whyText(answer('libgone.so.1', ['/usr/bin/broken']), format);
    expect(text.match(/libgone\.so\.1 is missing/g)).toHaveLength(2);
    expect(text).toContain(
      '└─ libuser.so => /usr/bin/../lib/broken/libuser.so  (RPATH $ORIGIN/../lib/broken of /usr/bin/broken)',
    );
    expect(text).toContain('/usr/lib/x86_64-linux-gnu/libgone.so.1  absent');
  });
});

describe('the objects that only one library brings in', () => {
  const exclusive = (library: string, entries: readonly string[]) =>
    answer(library, entries).reasons[0]!.exclusive.map(({ path }) => basename(path));

  test('are those that no other object leads to', () => {
    expect(exclusive('libapp.so', ['/usr/bin/app'])).toEqual(['libapp.so', 'libpng.so.16', 'libz.so.1']);
  });

  test('are fewer if another program needs them as well', () => {
    expect(exclusive('libapp.so', ['/usr/bin/app', '/usr/bin/viewer'])).toEqual(['libapp.so']);
  });
});

test('whyDocument contains every chain', () => {
  const document = whyDocument(answer('libz.so.1', ['/usr/bin/app', '/usr/bin/viewer']), true);
  expect(document.objects).toMatchObject([
    {
      real: '/lib/x86_64-linux-gnu/libz.so.1.2',
      entries: ['/usr/bin/app', '/usr/bin/viewer'],
      requesters: [
        {
          entries: 2,
          chain: { entry: '/usr/bin/viewer', steps: [{ name: 'libpng.so.16' }, { name: 'libz.so.1' }] },
        },
      ],
      exclusive: { objects: [{ soname: 'libz.so.1' }] },
    },
  ]);
});
