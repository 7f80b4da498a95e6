import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoriesOf, stateLine, stateTexts } from '../../../src/plan/packages/state.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';

const at = scratch();
/** Without control characters, which no line has in a path. */
const NAMES = [
  ' lead',
  'tail ',
  'x y',
  'a\u00A0b',
  'café',
  "q'uote",
  'd"q',
  '"both"',
  'back\\slash',
  'ends\\',
]
  .concat(['\\x41', '$HOME', '%p%s', '*', '{a,b}', '#c', '-', ':'])
  .sort();
const TARGETS = [...NAMES, 'tab\t', 'new\nline', '\u001B[31mred', '\u007F'];

const textOf = (line: ReturnType<typeof stateLine>) => (typeof line === 'object' ? line.text : line);

describe.runIf(has('root', 'tool:systemd-tmpfiles'))('a line of tmpfiles.d', () => {
  it('makes files, directories and links of all names and targets, by systemd-tmpfiles itself', () => {
    const root = at('root');
    for (const kind of ['file', 'directory', 'link'])
      fs.mkdirSync(path.join(root, 'etc', kind), { recursive: true });
    for (const name of NAMES) {
      fs.writeFileSync(path.join(root, 'etc/file', name), name);
      fs.mkdirSync(path.join(root, 'etc/directory', name));
    }
    TARGETS.forEach((target, i) => fs.symlinkSync(target, path.join(root, `etc/link/${i}`)));
    const view = directoryView(root);
    const host = at('host');
    const lines = ['file', 'directory', 'link'].flatMap(kind =>
      fs
        .readdirSync(path.join(root, 'etc', kind))
        .map(name => textOf(stateLine(view, `/etc/${kind}/${name}`, 'test'))),
    );
    fs.mkdirSync(path.join(host, 'usr/lib/tmpfiles.d'), { recursive: true });
    fs.writeFileSync(path.join(host, 'usr/lib/tmpfiles.d/test.conf'), `${lines.join('\n')}\n`);
    fs.cpSync(path.join(root, 'etc/file'), path.join(host, 'usr/share/factory/etc/file'), {
      recursive: true,
    });
    execFileSync('systemd-tmpfiles', [`--root=${host}`, '--create'], { stdio: 'pipe' });
    const made = (kind: string) => path.join(host, 'etc', kind);
    expect(fs.readdirSync(made('file')).sort()).toEqual(NAMES);
    for (const name of NAMES) expect(fs.readFileSync(path.join(made('file'), name), 'utf8')).toBe(name);
    expect(fs.readdirSync(made('directory')).sort()).toEqual(NAMES);
    expect(TARGETS.map((_target, i) => fs.readlinkSync(path.join(made('link'), String(i))))).toEqual(TARGETS);
  });

  it('gives a directory to its account although a file for root in it was made before the account', () => {
    const root = at('root');
    fs.mkdirSync(path.join(root, 'etc/app'), { recursive: true });
    fs.writeFileSync(path.join(root, 'etc/app/environment'), '');
    fs.writeFileSync(path.join(root, 'etc/passwd'), 'app:x:123:123:::\n');
    fs.writeFileSync(path.join(root, 'etc/group'), 'app:x:123:\n');
    fs.chownSync(path.join(root, 'etc/app'), 123, 123);
    fs.chmodSync(path.join(root, 'etc/app'), 0o2750);
    const view = directoryView(root);
    const lines = ['/etc/app', '/etc/app/environment'].map(name => stateLine(view, name, 'test'));
    const host = at('host');
    fs.mkdirSync(path.join(host, 'usr/share/factory/etc/app'), { recursive: true });
    fs.writeFileSync(path.join(host, 'usr/share/factory/etc/app/environment'), '');
    fs.mkdirSync(path.join(host, 'usr/lib/tmpfiles.d'), { recursive: true });
    fs.mkdirSync(path.join(host, 'etc'));
    const texts = stateTexts(lines.filter(line => typeof line === 'object'));
    fs.writeFileSync(path.join(host, 'usr/lib/tmpfiles.d/test.conf'), `${texts.join('\n')}\n`);
    const create = () => spawnSync('systemd-tmpfiles', [`--root=${host}`, '--create'], { stdio: 'pipe' });
    create();
    expect(fs.statSync(path.join(host, 'etc/app')).uid).toBe(0);
    for (const file of ['passwd', 'group'])
      fs.copyFileSync(path.join(root, 'etc', file), path.join(host, 'etc', file));
    create();
    const { uid, gid, mode } = fs.statSync(path.join(host, 'etc/app'));
    expect([uid, gid, (mode & 0o7777).toString(8)]).toEqual([123, 123, '2750']);
    expect(fs.statSync(path.join(host, 'etc/app/environment')).uid).toBe(0);
  });
});

describe.runIf(has('root'))('directoriesOf', () => {
  it('returns the directories of a user or of the group of its name, but not of groups of many packages', () => {
    const root = at('root');
    for (const name of ['bind', 'own', 'other', 'listed'])
      fs.mkdirSync(path.join(root, 'var/lib', name), { recursive: true });
    fs.mkdirSync(path.join(root, 'etc'));
    fs.writeFileSync(path.join(root, 'etc/passwd'), 'bind:x:123:124:::\n');
    fs.writeFileSync(path.join(root, 'etc/group'), 'adm:x:4:\nbind:x:124:\n');
    fs.chownSync(path.join(root, 'var/lib/bind'), 0, 124);
    fs.chownSync(path.join(root, 'var/lib/own'), 123, 4);
    fs.chownSync(path.join(root, 'var/lib/other'), 0, 4);
    fs.chownSync(path.join(root, 'var/lib/listed'), 123, 124);
    const found = directoriesOf(directoryView(root), new Set(['bind', 'adm']), name =>
      name.endsWith('/listed'),
    );
    expect(found).toEqual(['/var/lib/bind', '/var/lib/own']);
  });
});
