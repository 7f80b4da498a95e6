import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix, makeRoot, refusal, refused, small } from './flix.ts';

const at = scratch();

const installed = {
  ...small,
  '/usr/share/app/data': { text: '' },
  '/var/lib/dpkg/status': {
    text: 'Package: app\nVersion: 1\n\nPackage: app-doc\nVersion: 1\n',
  },
  '/var/lib/dpkg/info/app.list': { text: '/usr\n/usr/bin\n/usr/bin/app\n/usr/share/app/data\n' },
  '/var/lib/dpkg/info/app-doc.list': { text: '/usr/share/doc/app\n' },
} as const;

describe('a package', () => {
  it('gives the tree its files and its name, also from flix.json, and its needs are shown', async () => {
    const root = makeRoot(at('root'), installed);
    const planned = await flix(['vendor', root, '--package', 'app', '--dry-run'], { cwd: at() });
    expect(planned.stderr).toContain('app: the name comes from --package');
    expect(planned.stdout).toContain('/usr/bin/app  entry  in the package app');
    expect(planned.stdout).toContain('/usr/share/app/data  resource  in the package app');
    fs.writeFileSync(at('flix.json'), JSON.stringify({ root, package: ['app'], with: ['man,docs'] }));
    expect((await flix(['vendor', '--dry-run'], { cwd: at() })).stdout).toBe(planned.stdout);
    expect((await flix(['needs', '--root', root, '--package', 'app'])).status).toBe(0);
  });

  it.each<[Readonly<Record<string, unknown>>, string[], string[]]>([
    [{ package: ['ap'] }, ['--package', 'ap'], ['no package ap is installed', 'app, app-doc']],
    [{ package: [''] }, ['--package', ''], ['--package is empty']],
    [{ package: ['app-doc'] }, ['--package', 'app-doc'], ['app-doc contains nothing', '--with docs']],
    [
      { package: ['app'], with: ['mans'] },
      ['--package', 'app', '--with', 'mans'],
      ['--with mans is not known', 'docs, man, locales, headers'],
    ],
    [{ depends: 'all' }, ['--depends', 'all'], ['name what to take from it', '--package NAME']],
    [
      { depends: 'all', paths: ['/usr/bin/app'] },
      ['--depends', 'all', '/usr/bin/app'],
      ['--depends is about packages', 'Add --package NAME'],
    ],
  ])('is refused in the recipe %j as on the command line', async (recipe, args, says) => {
    const root = makeRoot(at('root'), installed);
    expect(refusal(await flix(['vendor', root, ...args], { cwd: at() }), says)).toEqual(refused(2));
    fs.writeFileSync(at('flix.json'), JSON.stringify({ root, ...recipe }));
    expect(refusal(await flix(['vendor'], { cwd: at() }), says)).toEqual(refused(2));
  });

  it.each([
    ['/var/lib/rpm', ['no package database of dpkg, apk, pacman or rpm', '/usr/bin/PROGRAM']],
    ['/var/lib/none', ['no package database of dpkg, apk, pacman or rpm', '/usr/bin/PROGRAM']],
  ])('of a root that has only %s is refused with what to type', async (place, says) => {
    const root = makeRoot(at('root'), { ...small, [place]: { directory: true } });
    expect(refusal(await flix(['vendor', root, '--package', 'app'], { cwd: at() }), says)).toEqual(
      refused(2),
    );
  });

  it('of a DESTDIR tree is refused', async () => {
    const { '/etc/os-release': _, ...files } = small;
    const root = makeRoot(at('root'), files);
    const says = ['has no os-release', 'flix vendor / --package NAME'];
    expect(refusal(await flix(['vendor', root, '--package', 'app'], { cwd: at() }), says)).toEqual(
      refused(2),
    );
  });

  it.each([
    ['a FIFO', { fifo: true }],
    ['a directory', { directory: true }],
    ['a link out of the root', { link: '../../../../../../../../etc/passwd' }],
  ] as const)('is refused without a stack if the database is %s', async (_, file) => {
    const root = makeRoot(at('root'), { ...small, '/var/lib/dpkg/status': file });
    expect(refusal(await flix(['vendor', root, '--package', 'app'], { cwd: at() }), [])).toEqual(refused(2));
  });
});
