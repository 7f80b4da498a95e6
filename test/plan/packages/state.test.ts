import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { stateLine } from '../../../src/plan/packages/state.ts';
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
});
