import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outdatedCommand } from '../../src/cli/outdated.ts';
import type { ManifestFile } from '../../src/manifest/manifest.ts';
import { scratch } from '../io/scratch.ts';
import { buildFixture } from '../lab/fixture.ts';
import { run } from './run.ts';

const at = scratch();

const digest = (text: string) => ({ before: createHash('sha256').update(text).digest('hex'), after: '' });

function file(path: string, owner: string, version: string, text: string): ManifestFile {
  const origin = { root: 'debian 12', path, package: owner, version };
  return { path, role: 'resource', why: '', origin, sha256: digest(text) };
}

function manifest(...files: readonly ManifestFile[]): string {
  const document = {
    schema: 'flix.manifest/1',
    name: 'app',
    mode: 'flix',
    prefix: '/usr/local/app',
    architecture: 'x86-64',
    entries: [],
    open: [],
    remarks: [],
    files,
  };
  fs.mkdirSync(at('app/usr/local/app'), { recursive: true });
  fs.writeFileSync(at('app/usr/local/app/manifest.json'), JSON.stringify(document));
  return at('app');
}

/** A root with packages of dpkg, and files. */
function root(packages: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>): string {
  const status = Object.entries(packages)
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: ${version}\n`,
    )
    .join('\n');
  const all = { '/var/lib/dpkg/status': status, ...files };
  const recipes = Object.entries(all).map(([path, text]) => [path, { text }]);
  fs.mkdirSync(at('root'));
  buildFixture(at('root'), { rule: '', source: '', files: Object.fromEntries(recipes) });
  return at('root');
}

const outdated = (...argv: string[]) => run(outdatedCommand(), ...argv);

describe('flix outdated', () => {
  it('lists packages with newer versions and the files that would change, with status 1', async () => {
    const tree = manifest(
      file('/usr/bin/app', 'app', '1.9', 'old'),
      file('/usr/share/app/same', 'app', '1.9', 'same'),
      file('/usr/share/app/gone', 'app', '1.9', 'gone'),
      file('/usr/lib/libz.so.1', 'libz', '2:1.0', 'z'),
      file('/usr/lib/libnew.so.1', 'libnew', '2', 'n'),
      file('/usr/lib/libgone.so.1', 'libgone', '1', 'g'),
    );
    const staging = root(
      { app: '1.10', libz: '2:1.0', libnew: '2~rc1' },
      { '/usr/bin/app': 'new', '/usr/share/app/same': 'same' },
    );
    for (const place of [tree, at('app/usr/local/app/manifest.json')])
      expect(await outdated(place, '--staging', staging)).toEqual({
        stdout:
          'app: 1 package outdated (1 of the same version, 1 older there, 1 not there)\n' +
          '  app 1.9 -> 1.10\n    changed  /usr/bin/app\n    gone     /usr/share/app/gone\n',
        stderr: '',
        status: 1,
      });
    const { stdout } = await outdated(tree, '--staging', staging, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'flix.outdated/1',
      extensions: [
        {
          name: 'app',
          packages: [
            {
              name: 'app',
              version: '1.9',
              available: '1.10',
              state: 'newer',
              files: [{ change: 'changed' }, { change: 'gone' }],
            },
            { name: 'libgone', available: null, state: 'absent', files: [] },
            { name: 'libnew', state: 'older', files: [{ path: '/usr/lib/libnew.so.1', change: 'gone' }] },
            { name: 'libz', state: 'same', files: [] },
          ],
        },
      ],
    });
  });

  it('ends with status 0 if nothing is newer', async () => {
    const tree = manifest(file('/usr/bin/app', 'app', '1', 'a'));
    expect(await outdated(tree, '--staging', root({ app: '1' }, {}))).toEqual({
      stdout: 'app: up to date (1 of the same version)\n',
      stderr: '',
      status: 0,
    });
  });

  it('shows which packages the advisories of --vex concern, and whether the root has a version without them', async () => {
    const tree = manifest(
      file('/usr/bin/app', 'app', '1', 'a'),
      file('/usr/lib/libz.so.1', 'libz', '1', 'z'),
      file('/usr/lib/libq.so.1', 'libq', '1', 'q'),
    );
    const staging = root(
      { app: '2', libz: '1', libq: '2' },
      { '/usr/bin/app': 'a', '/usr/lib/libq.so.1': 'q' },
    );
    const record = (id: string, name: string, ...events: object[]) => ({
      id,
      affected: [{ package: { ecosystem: 'Debian', name }, ranges: [{ type: 'ECOSYSTEM', events }] }],
    });
    const records = [
      record('CVE-1', 'app', { introduced: '0' }, { fixed: '1.5' }),
      record('CVE-2', 'app', { introduced: '0' }),
      record('CVE-3', 'libz', { introduced: '0' }, { fixed: '3' }),
      record('CVE-4', 'other', { introduced: '0' }),
    ];
    fs.writeFileSync(at('vex.json'), JSON.stringify(records));
    const { status, stdout } = await outdated(tree, '--staging', staging, '--vex', at('vex.json'));
    expect([status, stdout.split('\n')]).toEqual([
      1,
      [
        'app: 2 packages outdated, 2 packages with advisories (1 of the same version)',
        '  app 1 -> 2',
        '    CVE-1: fixed in 2',
        '    CVE-2: not fixed',
        '  libq 1 -> 2',
        '  libz 1 (nothing newer there)',
        '    CVE-3: fixed in 3',
        '',
      ],
    ]);
    const json = JSON.parse(
      (await outdated(tree, '--staging', staging, '--vex', at('vex.json'), '--json')).stdout,
    );
    expect(json.extensions[0].packages[0].advisories).toEqual([
      { id: 'CVE-1', aliases: [], summary: '', solved: true, fixed: '1.5' },
      { id: 'CVE-2', aliases: [], summary: '', solved: false, fixed: null },
    ]);
    fs.writeFileSync(at('bad.json'), '{');
    expect(await outdated(tree, '--staging', staging, '--vex', at('bad.json'))).toMatchObject({ status: 2 });
  });

  it('says which advisories it could not compare, since they name no package of a distribution', async () => {
    const tree = manifest(file('/usr/bin/app', 'app', '1', 'a'));
    const staging = root({ app: '1' }, { '/usr/bin/app': 'a' });
    const inGit = { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] };
    const ofDebian = { package: { ecosystem: 'Debian', name: 'other' } };
    const records = [
      { id: 'CVE-1', affected: [inGit] },
      { id: 'DEBIAN-CVE-1', affected: [ofDebian] },
      { id: 'CVE-\u001b[31m2' },
    ];
    fs.writeFileSync(at('vex.json'), JSON.stringify(records));
    const { status, stderr } = await outdated(tree, '--staging', staging, '--vex', at('vex.json'));
    expect([status, stderr]).toEqual([
      0,
      `${at('vex.json')}: 2 of 3 advisories name no package of a distribution, so no package was compared with them: ` +
        'CVE-1, CVE-\\u{1b}[31m2\n' +
        '  Use the records of the distribution, such as DEBIAN-CVE-2025-4802 for CVE-2025-4802.\n',
    ]);
  });

  it('refuses what is no extension of flix, and a root without packages', async () => {
    const tree = manifest();
    fs.mkdirSync(at('empty'));
    fs.writeFileSync(at('x.json'), '{}');
    expect(await outdated(tree)).toMatchObject({ status: 2 });
    expect(await outdated(tree, '--staging', at('empty'))).toMatchObject({ status: 2 });
    for (const place of [at('empty'), at('x.json')]) {
      const { status, stderr } = await outdated(place, '--staging', at('empty'));
      expect([status, stderr]).toEqual([2, expect.stringContaining('manifest')]);
    }
  });
});
