import { describe, expect, it } from 'vitest';
import { ContentStore } from '../../../src/stage/content-store.ts';
import type { Installed } from '../../../src/stage/debian/database.ts';
import { replaceScripts } from '../../../src/stage/debian/replace-scripts.ts';
import { commandsIn } from '../../../src/stage/debian/script-commands.ts';
import { Staging } from '../../../src/stage/staging.ts';
import type { ScriptsNotRun } from '../../../src/stage/staged.ts';
import { scratch } from '../../io/scratch.ts';
import fs from 'node:fs';
import { basename, dirname } from 'node:path';

describe('the commands of a script', () => {
  it('are its words, with quotes and continued lines, without keywords and redirections', () => {
    const script = [
      '#!/bin/sh -e',
      'if [ "$1" = configure ]; then # comment; adduser x',
      '  update-alternatives --install /usr/bin/a \\',
      "    a '/usr/bin/a b' 10 >/dev/null 2>&1 || true",
      'getent passwd x >/dev/null || adduser --system "x"; fi',
      "if ! cmd a\\ b'c'; then",
      'adduser --gecos "A $NAME" `id` y*',
    ].join('\n');
    expect(commandsIn(script)).toEqual([
      ['[', undefined, '=', 'configure', ']'],
      ['update-alternatives', '--install', '/usr/bin/a', 'a', '/usr/bin/a b', '10'],
      ['true'],
      ['getent', 'passwd', 'x'],
      ['adduser', '--system', 'x'],
      ['fi'],
      ['cmd', 'a bc'],
      ['adduser', '--gecos', undefined, undefined, undefined],
    ]);
  });

  it('contain the value of a variable that the script sets once, to a plain word', () => {
    const script = [
      'USER="redis"',
      'export DIR=/var/lib/a # comment',
      'TWICE=1',
      'if a; then TWICE=2; fi',
      'MADE=$(id)',
      'GROWN=a',
      'GROWN+=b',
      'for NAME in x y; do :; done',
      'NAME=z',
      'adduser --home "$DIR/x" ${USER} $USER-$DIR',
      "adduser '$USER' $USERS $TWICE $MADE $NAME $GROWN ${USER:-x} \\$USER",
    ].join('\n');
    expect(commandsIn(script).slice(-2)).toEqual([
      ['adduser', '--home', '/var/lib/a/x', 'redis', 'redis-/var/lib/a'],
      ['adduser', '$USER', undefined, undefined, undefined, undefined, undefined, undefined, '$USER'],
    ]);
  });

  it('are found in linear time, whatever the script contains', () => {
    for (const text of ['"', "'", '\\', '>', '0', '#', '`', '1>', '"\\'])
      expect(commandsIn(`a ${text.repeat(200_000)}`).length).toBeLessThan(4);
  });
});

const at = scratch();

/** Stages files, and what scripts of packages would make. */
function replaced(
  files: Readonly<Record<string, string>>,
  scripts: Readonly<Record<string, string>>,
): { readonly staging: Staging; readonly result: ScriptsNotRun } {
  fs.mkdirSync(at('contents'));
  const staging = new Staging(new ContentStore(at('contents')));
  for (const [path, text] of Object.entries(files)) staging.addFile(path, text, {});
  const installed = Object.entries(scripts).map(([name, text]): Installed => ({
    name,
    version: '1',
    architecture: 'amd64',
    isMultiArchSame: false,
    control: '',
    info: new Map([['postinst', Buffer.from(text)]]),
    paths: [],
    sha256: '',
  }));
  return { staging, result: replaceScripts(staging, installed) };
}

const linkAt = (staging: Staging, directory: string, name: string) => {
  const node = staging.tree.find(directory);
  const entry = node?.kind === 'directory' ? node.entries.get(name) : undefined;
  return entry?.kind === 'link' ? entry.target : entry?.kind;
};

describe('what maintainer scripts would make', () => {
  it('includes the alternative with the highest priority, with those of its slaves that are there', () => {
    const install = (path: string, priority: number) =>
      `update-alternatives --quiet --install /usr/bin/editor editor ${path} ${priority} --slave /usr/share/man/man1/editor.1.gz editor.1.gz ${path}.gz\n`;
    const { staging, result } = replaced(
      { '/usr/bin/vim': '', '/usr/bin/nano': '', '/usr/bin/nano.gz': '', '/usr/bin/pager': 'taken' },
      {
        vim: install('/usr/bin/vim', 30),
        nano: install('/usr/bin/nano', 40),
        gone: install('/usr/bin/gone', 90),
        less: 'update-alternatives --install /usr/bin/pager pager /usr/bin/nano 1\n',
        loop: 'for i in a b; do update-alternatives --install /usr/bin/$i $i /usr/bin/vim 1; done\n',
      },
    );
    expect(linkAt(staging, '/usr/bin', 'editor')).toBe('/etc/alternatives/editor');
    expect(linkAt(staging, '/etc/alternatives', 'editor')).toBe('/usr/bin/nano');
    expect(linkAt(staging, '/usr/share/man/man1', 'editor.1.gz')).toBe('/etc/alternatives/editor.1.gz');
    expect(linkAt(staging, '/usr/bin', 'pager')).toBe('file');
    expect(result.made).toEqual(['2 alternatives']);
    expect(result.missing).toEqual([{ program: 'update-alternatives', packages: ['loop'] }]);
    expect(staging.readFile('/var/lib/dpkg/alternatives/editor')!.toString()).toBe(
      'auto\n/usr/bin/editor\neditor.1.gz\n/usr/share/man/man1/editor.1.gz\n\n/usr/bin/vim\n30\n/usr/bin/vim.gz\n/usr/bin/nano\n40\n/usr/bin/nano.gz\n\n',
    );
  });

  it('includes the links of units that scripts enable at the first installation', () => {
    const enable = (unit: string) =>
      `if deb-systemd-helper --quiet was-enabled '${unit}'; then\n  deb-systemd-helper enable '${unit}' >/dev/null || true\nfi\n`;
    const upgrade = (unit: string) =>
      `if deb-systemd-helper debian-installed '${unit}'; then\n${enable(unit)}fi\n`;
    const install = (...lines: string[]) => `[Unit]\nWantedBy=no.target\n[Install]\n${lines.join('\n')}\n`;
    const { staging, result } = replaced(
      {
        '/usr/lib/systemd/system/a.service': install(
          'WantedBy=multi-user.target',
          'Alias=b.service',
          'Also=a.socket',
        ),
        '/usr/lib/systemd/system/a.socket': install('WantedBy=sockets.target', 'Also=a.service'),
        '/usr/lib/systemd/system/t@.service': install('RequiredBy=x.target', 'DefaultInstance=one'),
        '/usr/lib/systemd/system/off.service': install('WantedBy=multi-user.target'),
        '/usr/lib/systemd/user/u.socket': install('WantedBy=sockets.target'),
      },
      {
        a: enable('a.service') + upgrade('a.service'),
        t: enable('t@.service') + enable('gone.service'),
        off: upgrade('off.service'),
        u: "deb-systemd-helper --user enable 'u.socket'\n",
        loop: 'for i in a b; do deb-systemd-helper enable $i.service; done\n',
      },
    );
    const target = (name: string) => linkAt(staging, `/etc/systemd/${dirname(name)}`, basename(name));
    expect(target('system/multi-user.target.wants/a.service')).toBe('/usr/lib/systemd/system/a.service');
    expect(target('system/sockets.target.wants/a.socket')).toBe('/usr/lib/systemd/system/a.socket');
    expect(target('system/b.service')).toBe('/usr/lib/systemd/system/a.service');
    expect(target('system/x.target.requires/t@one.service')).toBe('/usr/lib/systemd/system/t@.service');
    expect(target('user/sockets.target.wants/u.socket')).toBe('/usr/lib/systemd/user/u.socket');
    expect(target('system/multi-user.target.wants/off.service')).toBeUndefined();
    expect(target('system/no.target.wants/a.service')).toBeUndefined();
    expect(result.made).toEqual(['3 enabled units']);
    expect(result.missing).toEqual([{ program: 'deb-systemd-helper', packages: ['loop'] }]);
  });

  it('includes accounts of the system, with the first numbers that are free', () => {
    const { staging, result } = replaced(
      {
        '/usr/share/base-passwd/passwd.master':
          'root:*:0:0:root:/root:/bin/bash\n_apt:*:100:65534::/nonexistent:/x\n',
        '/usr/share/base-passwd/group.master': 'root:*:0:\nadm:*:4:\n',
      },
      {
        one: 'adduser --system --group --home /var/lib/one --gecos "One: $1" one\nadduser one adm\n',
        two: 'addgroup --system --gid 77 two; adduser --system --ingroup two --no-create-home --home=/run/two two\n',
        three: 'useradd -r -g two -d /nonexistent three || adduser --system $USER\n',
        four: 'adduser four\nadduser --system "bad name"\n',
      },
    );
    expect(staging.readFile('/etc/passwd')!.toString().split('\n').slice(2)).toEqual([
      'one:x:101:101::/var/lib/one:/usr/sbin/nologin',
      'two:x:102:77::/run/two:/usr/sbin/nologin',
      'three:x:103:77::/nonexistent:/usr/sbin/nologin',
      '',
    ]);
    expect(staging.readFile('/etc/group')!.toString()).toBe(
      'root:*:0:\nadm:*:4:one\none:x:101:\ntwo:x:77:\n',
    );
    expect(staging.tree.find('/var/lib/one')).toMatchObject({
      kind: 'directory',
      facts: { uid: 101, gid: 101 },
    });
    expect(staging.tree.find('/run/two')).toBeUndefined();
    expect(result.made).toEqual(['5 accounts']);
    expect(result.missing).toEqual([{ program: 'adduser', packages: ['four', 'three'] }]);
  });

  it('includes configuration of ucf and the bundle of certificates, where nothing is in their places', () => {
    const { staging, result } = replaced(
      {
        '/usr/share/app/app.conf': 'conf',
        '/usr/share/ca-certificates/mozilla/B.crt': 'B\n',
        '/usr/share/ca-certificates/mozilla/A.crt': 'A',
        '/usr/share/ca-certificates/README': 'no',
      },
      {
        app: 'ucf --three-way --debconf-ok /usr/share/app/app.conf /etc/app.conf\nucf "$a" /etc/b\n',
        out: 'ucf /usr/share/app/app.conf /usr/bin/sh; ucf /etc/shadow /etc/x\n',
        'ca-certificates': 'update-ca-certificates\n',
      },
    );
    expect(staging.readFile('/etc/app.conf')!.toString()).toBe('conf');
    expect(staging.readFile('/var/lib/ucf/registry')!.toString()).toBe('app /etc/app.conf\n');
    expect(staging.readFile('/etc/ssl/certs/ca-certificates.crt')!.toString()).toBe('A\nB\n');
    expect(staging.tree.find('/usr/bin/sh')).toBeUndefined();
    expect(result).toEqual({
      packages: ['app', 'ca-certificates', 'out'],
      made: ['1 configuration file (ucf)', 'the bundle of CA certificates'],
      missing: [{ program: 'ucf', packages: ['app', 'out'] }],
    });
  });
});
