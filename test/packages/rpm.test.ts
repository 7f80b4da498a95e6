import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { databaseOf, packageNamed, packageOf, unreadDatabase } from '../../src/packages/database.ts';
import { provideRpm, QUERY_FORMAT } from '../../src/packages/rpm.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';
import { has } from '../lab/requires.ts';
import { recordPackages } from '../lab/rpm.ts';

const at = scratch();
const SQLITE = '/usr/lib/sysimage/rpm/rpmdb.sqlite';

function root(files: Readonly<Record<string, FileRecipe>>, name = 'root'): View {
  fs.mkdirSync(at(name));
  buildFixture(at(name), { rule: '', source: '', files });
  return directoryView(at(name));
}

/** A root about which rpm answered. */
function answered(output: string, files: Readonly<Record<string, FileRecipe>> = {}): View {
  const view = root({ [SQLITE]: { text: '' }, ...files });
  provideRpm(view, unreadDatabase(view)!, output);
  return view;
}

const header = (name: string) => `p '${name}' 0 '1' '1' 'x86_64' '${name}-1-1.src.rpm' 'MIT'\n`;

describe('the database of rpm', () => {
  it.runIf(has('tool:rpm', 'tool:rpmbuild'))('gives what rpm recorded of real packages', () => {
    const view = root({
      '/usr/bin/app': { text: '' },
      '/usr/share/app/it’s $(touch x) here': { text: '' },
      '/usr/share/licenses/app/LICENSE': { text: '' },
      '/etc/app.conf': { text: '' },
      '/var/log/app.log': { text: '' },
      '/usr/share/data': { text: '' },
    });
    recordPackages(at('root'), at('work'), {
      app: {
        preamble: [
          'Epoch: 2',
          'License: GPL-2.0-or-later AND MIT',
          'Requires: /usr/share/data, libz.so.1()(64bit), (extra or other), config(app)',
          'Requires: app-libs(x86-64) = 2:1.2-3.fc41, data = 1.2, other >= 1, near <= 2',
          'Recommends: more',
          'Provides: httpd = 1',
        ],
        files: [
          '/usr/bin/app',
          '%dir /usr/share/app',
          '"/usr/share/app/it’s $(touch x) here"',
          '%license /usr/share/licenses/app/LICENSE',
          '%config(noreplace) /etc/app.conf',
          '%ghost /var/log/app.log',
        ],
        sections: "%post\nuseradd app\necho 'it'\\''s'",
      },
      data: { preamble: ['BuildArch: noarch'], files: ['/usr/share/data'] },
    });
    const database = unreadDatabase(view)!;
    expect(database).toMatchObject({ place: '/usr/lib/sysimage/rpm', format: 'sqlite' });
    const place = at('root/usr/lib/sysimage/rpm');
    provideRpm(
      view,
      database,
      execaSync('rpm', ['--dbpath', place, '-qa', '--queryformat', QUERY_FORMAT]).stdout,
    );
    const known = databaseOf(view)!;
    const app = packageNamed(known, 'app')!.found;
    expect(app).toMatchObject({
      version: '2:1.2-3.fc41',
      architecture: 'x86_64',
      source: 'app',
      sourceVersion: '1.2-3.fc41',
      licences: ['GPL-2.0-or-later AND MIT'],
      depends: expect.arrayContaining([['data'], ['libz.so.1()(64bit)'], ['extra', 'other']]) as unknown,
      pins: expect.arrayContaining([
        { name: 'app-libs', version: '2:1.2-3.fc41' },
        { name: 'data', version: '1.2' },
      ]) as unknown,
      recommends: [['more']],
      provides: expect.arrayContaining(['httpd']) as unknown,
    });
    expect(app.pins).toHaveLength(2);
    expect(app.depends.flat().filter(name => name.startsWith('rpmlib') || name.startsWith('config'))).toEqual(
      [],
    );
    expect(known.filesOf(app)).toEqual(
      execaSync('rpm', ['--dbpath', place, '-ql', 'app']).stdout.split('\n'),
    );
    expect(known.scriptsOf(app)).toEqual([
      { name: 'post', path: '/usr/lib/sysimage/rpm', text: "useradd app\necho 'it'\\''s'" },
    ]);
    expect(packageOf(view, '/usr/share/data')?.name).toBe('data');
    expect(packageNamed(known, 'httpd')).toEqual({ found: app, provided: true });
  });

  it('leaves out files that are not there: made later, replaced, or not installed', () => {
    const files = ['/a', '/made', '/ghost', '/replaced', '/documentation'];
    const flags = [0, 64, 64, 0, 2];
    const view = answered(
      `${header('app')}${files.map((path, i) => `f ${flags[i]} '${path}'\n`).join('')}t 0\nt 0\nt 0\nt 1\nt 2\n`,
      { '/made': { text: '' } },
    );
    const known = databaseOf(view)!;
    expect(known.filesOf(known.packages[0]!)).toEqual(['/a', '/made']);
  });

  it('finds the owners of required files from before the usr-merge, and parts of expressions', () => {
    const view = answered(
      `${header('sh')}f 0 '/usr/bin/sh'\n${header('app')}r '/bin/sh'\nr '((a and b(x86-64)) if c)'\nr '(d >= 1 or libe.so()(64bit))'\nr '(f with g)'\n`,
    );
    expect(databaseOf(view)!.packages.map(({ depends }) => depends)).toEqual([
      [],
      [['sh'], ['a'], ['b(x86-64)'], ['d', 'libe.so()(64bit)'], ['f']],
    ]);
  });

  it.each([
    ['a line break in a name', `p 'x\ny' 0 '1' '1' 'a' 's' 'l'\n${header('app')}`],
    ['a path outside', `${header('app')}f 0 '/../etc/passwd'\nf 0 'relative/../..'\n`],
    ['an unfinished quote', `${header('app')}f 0 '/a`],
    ['a key of a signer', `p 'gpg-pubkey' 0 '1' '1' '(none)' '(none)' 'pubkey'\n${header('app')}`],
    ['nothing but spaces', `${header('app')}${' '.repeat(1000)}\n'\n`],
  ])('survives %s', (_, output) => {
    const known = databaseOf(answered(output))!;
    const names = known.packages.map(({ name }) => name);
    expect(names.filter(name => name !== 'app')).toEqual([]);
    expect(known.packages.flatMap(known.filesOf).filter(path => path.includes('..'))).toEqual([]);
  });

  it('is not asked for if another one is there, and found at each place and in each format', () => {
    expect(unreadDatabase(root({ '/usr/bin/app': { text: '' } }))).toBeUndefined();
    const files = {
      '/var/lib/rpm': { link: '../../usr/share/rpm' },
      '/usr/share/rpm/Packages.db': { text: '' },
    };
    const suse = root(files, 'suse');
    expect(unreadDatabase(suse)).toMatchObject({ place: '/var/lib/rpm', format: 'ndb' });
    const dpkg = { '/var/lib/dpkg/status': { text: 'Package: a\nVersion: 1\n' } };
    expect(unreadDatabase(root({ ...files, ...dpkg }, 'both'))).toBeUndefined();
  });
});
