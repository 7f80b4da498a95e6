import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { expandGlob } from '../../src/view/glob.ts';
import { ldConfDirectories } from '../../src/view/ld-conf.ts';
import { parseAssignments, readOsRelease, rootLabel } from '../../src/view/os-release.ts';
import { uneditedView } from '../../src/view/unedited.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

function root(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}) {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), content);
  }
  for (const [name, target] of Object.entries(links)) {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.symlinkSync(target, at(name));
  }
  return directoryView(at());
}

describe('ld.so.conf', () => {
  it('returns directories in order, with included files in C order', () => {
    const view = root(
      {
        '/etc/ld.so.conf':
          '/first/ # why\n\n  include ld.so.conf.d/*.conf /opt/[a-c]?.conf\nhwcap 0 nosegneg\ninclude /none/*.conf\n/last=libc6 \n',
        '/etc/ld.so.conf.d/b.conf': '/b\n',
        '/etc/ld.so.conf.d/B.conf': '/B\n',
        '/etc/ld.so.conf.d/.hidden.conf': '/hidden\n',
        '/etc/ld.so.conf.d/a.txt': '/text\n',
        '/opt/b1.conf': '/opt-b1',
        '/opt/d1.conf': '/opt-d1',
        '/opt/b12.conf': '/opt-b12',
      },
      {
        '/etc/ld.so.conf.d/z.conf': '/opt/d1.conf',
        '/etc/ld.so.conf.d/out.conf': '../../../../../../etc/hostname',
      },
    );
    expect(ldConfDirectories(view)).toEqual(['/first', '/B', '/b', '/opt-d1', '/opt-b1', '/last']);
  });

  it.runIf(has('chroot', 'tool:ldconfig'))(
    'reads a relative include from the directory of the file that includes it, as ldconfig does',
    () => {
      const view = root({
        '/etc/ld.so.conf': 'include own/first.conf\n',
        '/etc/own/first.conf': '/a\ninclude more/*.conf\n',
        '/etc/own/more/b.conf': '/b\n',
        '/etc/more/c.conf': '/c\n',
      });
      for (const directory of ['a', 'b', 'c']) fs.mkdirSync(at(directory));
      const { stdout } = execaSync('ldconfig', ['-r', at(), '-N', '-X', '-v'], { reject: false });
      const told = [...stdout.matchAll(/^(\/\w+): \(from \/etc\/own/gm)].map(([, directory]) => directory);
      expect(told).toEqual(['/a', '/b']);
      expect(ldConfDirectories(view)).toEqual(told);
    },
  );

  it('terminates if it includes itself or has an unclosed bracket', () => {
    const include = 'include /etc/ld.so.conf\ninclude /etc/other.conf\n'.repeat(20);
    const view = root({
      '/etc/ld.so.conf': `/a\n${include}include /etc/[x\ninclude /etc/[!e]*.conf\n/b`,
      '/etc/other.conf': `${include}/other`,
    });
    expect(ldConfDirectories(view)).toEqual(['/a', '/other', '/b']);
  });

  it('has no directories if it does not exist', () => {
    expect(ldConfDirectories(root({ '/etc/x': '' }))).toEqual([]);
  });
});

describe('os-release', () => {
  it.each<[string, Record<string, string>]>([
    ['ID=debian\nVERSION_ID="12"\n', { ID: 'debian', VERSION_ID: '12' }],
    ["ID='a b'\n# ID=no\n\n  NAME=x  \nBAD LINE\n=x\n", { ID: 'a b', NAME: 'x' }],
    ['PRETTY="a \\"quoted\\" \\$x \\\\"\nA=\\$b', { PRETTY: 'a "quoted" $x \\', A: '$b' }],
    ['A=1\nA=2', { A: '2' }],
    ['A="unclosed\nB=', { A: 'unclosed\nB=' }],
    ['A=$(touch /x)`y`', { A: '$(touch /x)`y`' }],
  ])('%j', (content, expected) => {
    expect(Object.fromEntries(parseAssignments(content))).toEqual(expected);
  });

  it('is taken from /etc, then from /usr/lib, and never from outside', () => {
    expect(rootLabel(readOsRelease(root({ '/usr/lib/os-release': 'ID=arch\n' })))).toBe('arch');
    fs.mkdirSync(at('etc'));
    fs.symlinkSync('../usr/lib/os-release', at('etc/os-release'));
    expect(readOsRelease(directoryView(at()))?.get('ID')).toBe('arch');
    fs.rmSync(at('usr'), { recursive: true });
    fs.rmSync(at('etc/os-release'));
    fs.symlinkSync('/usr/lib/os-release', at('etc/os-release'));
    expect(readOsRelease(directoryView(at()))).toBeUndefined();
  });
});

describe('globs', () => {
  const world = () =>
    root(
      {
        '/usr/lib/a.so': '',
        '/usr/lib/b.so.1': '',
        '/usr/lib/sub/c.so': '',
        '/usr/lib/.d.so': '',
        '/usr/lib/x[1].so': '',
      },
      { '/lib': 'usr/lib', '/usr/lib/out': '/etc', '/usr/lib/up': '../../../../../etc', '/outside': '/etc' },
    );

  it.each([
    ['/usr/lib/*.so', ['/usr/lib/.d.so', '/usr/lib/a.so', '/usr/lib/x[1].so']],
    ['/lib/*.so*', ['/usr/lib/.d.so', '/usr/lib/a.so', '/usr/lib/b.so.1', '/usr/lib/x[1].so']],
    ['/usr/lib/**/c.so', ['/usr/lib/sub/c.so']],
    ['/usr/lib/**/a.so', ['/usr/lib/a.so']],
    ['/usr/lib/{sub/c,{a,b}}.so*', ['/usr/lib/a.so', '/usr/lib/b.so.1', '/usr/lib/sub/c.so']],
    ['/usr/lib/s*/**', ['/usr/lib/sub', '/usr/lib/sub/c.so']],
    ['/usr/l?b/{a,z}.so', ['/usr/lib/a.so']],
    ['/usr/lib/plain', ['/usr/lib/plain']],
  ])('%s', async (pattern, found) => {
    expect(await expandGlob(world(), pattern)).toEqual(found);
  });

  it.each([
    '/usr/lib/out/*',
    '/usr/lib/up/host*',
    '/usr/lib/o*/hostname',
    '/usr/lib/**/hostname',
    '/outside/host*',
    '/usr/*/../../../../etc/host*',
    '/../../etc/host*',
    '/usr/lib/{out,up}/hostname',
    '/usr/lib/{a.so,../../../../../etc/hostname}',
  ])('%s does not leave the root', async pattern => {
    expect(await expandGlob(world(), pattern)).toEqual([]);
  });
});

describe('an unedited view', () => {
  it('shows the original content and hides what was added', () => {
    const view = root({
      '/usr/bin/app': 'abcXYZghi',
      '/usr/bin/new': 'replaced!',
      '/usr/added/file': '',
      '/usr/local/x/manifest.json': '',
    });
    const edit = (before: string) => [{ offset: 3, before: Buffer.from(before), after: Buffer.from('XYZ') }];
    const edits = new Map([
      ['/usr/bin/app', edit('def')],
      ['/usr/bin/new', edit('def')],
    ]);
    const before = uneditedView(view, edits, new Set(['/usr/added', '/usr/local/x/manifest.json']));
    expect(
      [...walk(before, '/')].filter(({ kind }) => kind === 'file').map(({ path: name }) => name),
    ).toEqual(['/usr/bin/app', '/usr/bin/new']);
    const text = (name: string, offset: number, length: number) => {
      const file = before.open(name);
      const bytes = Buffer.from(file.read(offset, length)).toString();
      file.close();
      return bytes;
    };
    expect([
      text('/usr/bin/app', 0, 9),
      text('/usr/bin/app', 4, 3),
      text('/usr/bin/app', 0, 4),
      text('/usr/bin/app', 6, 3),
    ]).toEqual(['abcdefghi', 'efg', 'abcd', 'ghi']);
    expect(text('/usr/bin/new', 0, 9)).toBe('replaced!'); // make install put another file there
    expect(before.source('/usr/bin/app').hostPath).toBeUndefined();
    expect(before.kind('/usr/added')).toBeUndefined();
  });
});
