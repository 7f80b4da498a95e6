import { describe, expect, it } from 'vitest';
import { ContentStore } from '../../../src/stage/content-store.ts';
import type { Installed } from '../../../src/stage/debian/database.ts';
import { replaceScripts } from '../../../src/stage/debian/replace-scripts.ts';
import { Staging } from '../../../src/stage/staging.ts';
import type { ScriptsNotRun } from '../../../src/stage/staged.ts';
import { scratch } from '../../io/scratch.ts';
import fs from 'node:fs';
import { basename, dirname } from 'node:path';

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
        each: 'for i in a b; do update-alternatives --install /usr/bin/$i $i /usr/bin/vim 1; done\n',
        loop: 'for i in $(ls); do update-alternatives --install /usr/bin/$i $i /usr/bin/vim 1; done\n',
      },
    );
    expect(linkAt(staging, '/usr/bin', 'editor')).toBe('/etc/alternatives/editor');
    expect(linkAt(staging, '/etc/alternatives', 'editor')).toBe('/usr/bin/nano');
    expect(linkAt(staging, '/usr/share/man/man1', 'editor.1.gz')).toBe('/etc/alternatives/editor.1.gz');
    expect(linkAt(staging, '/usr/bin', 'pager')).toBe('file');
    expect(result.made).toEqual(['4 alternatives']);
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
        '/usr/lib/systemd/system/later.service': install('WantedBy=multi-user.target'),
        '/usr/lib/systemd/user/u.socket': install('WantedBy=sockets.target'),
      },
      {
        a: enable('a.service') + upgrade('a.service'),
        t: enable('t@.service') + enable('gone.service'),
        off: upgrade('off.service'),
        later: `later() { if deb-systemd-helper debian-installed later.service; then deb-systemd-helper disable later.service; fi; }\n${enable('later.service')}later\n`,
        u: "deb-systemd-helper --user enable 'u.socket'\n",
        loop: 'for i in $(ls); do deb-systemd-helper enable $i.service; done\n',
      },
    );
    const target = (name: string) => linkAt(staging, `/etc/systemd/${dirname(name)}`, basename(name));
    expect(target('system/multi-user.target.wants/a.service')).toBe('/usr/lib/systemd/system/a.service');
    expect(target('system/sockets.target.wants/a.socket')).toBe('/usr/lib/systemd/system/a.socket');
    expect(target('system/b.service')).toBe('/usr/lib/systemd/system/a.service');
    expect(target('system/x.target.requires/t@one.service')).toBe('/usr/lib/systemd/system/t@.service');
    expect(target('user/sockets.target.wants/u.socket')).toBe('/usr/lib/systemd/user/u.socket');
    expect(target('system/multi-user.target.wants/off.service')).toBeUndefined();
    expect(target('system/multi-user.target.wants/later.service')).toBeUndefined();
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
        one: 'adduser --system --group --home /var/lib/one --gecos "One: $NAME" one\nadduser one adm\n',
        two: 'addgroup --system --gid 77 two; adduser --system --ingroup two --no-create-home --home=/run/two two\n',
        three: 'useradd -r -g two -d /nonexistent three || adduser --system $USER\n',
        four: 'adduser four\nadduser --system "bad name"\n',
        // sees what the ones before have made
        five: 'NUMBER=; getent group two || NUMBER="--gid 78"; addgroup --system $NUMBER five\ngetent passwd one || addgroup no\n',
      },
    );
    expect(staging.readFile('/etc/passwd')!.toString().split('\n').slice(2)).toEqual([
      'one:x:101:101::/var/lib/one:/usr/sbin/nologin',
      'two:x:102:77::/run/two:/usr/sbin/nologin',
      'three:x:103:77::/nonexistent:/usr/sbin/nologin',
      '',
    ]);
    expect(staging.readFile('/etc/group')!.toString()).toBe(
      'root:*:0:\nadm:*:4:one\none:x:101:\ntwo:x:77:\nfive:x:100:\n',
    );
    expect(staging.tree.find('/var/lib/one')).toMatchObject({
      kind: 'directory',
      facts: { uid: 101, gid: 101 },
    });
    expect(staging.tree.find('/run/two')).toBeUndefined();
    expect(result.made).toEqual(['6 accounts']);
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

  const ACCOUNTS = {
    '/usr/share/base-passwd/passwd.master': 'root:*:0:0:::\nredis:x:101:101:::\n',
    '/usr/share/base-passwd/group.master': 'root:*:0:\nadm:*:4:\nredis:x:101:\n',
  };
  const factsOf = (staging: Staging, path: string) => {
    const { mode, uid, gid } = staging.tree.find(path)?.facts ?? {};
    return mode === undefined ? undefined : `${mode.toString(8)} ${uid}:${gid}`;
  };

  it('includes directories, modes and owners of /etc and /var, also from functions, loops and overrides', () => {
    // as in the postinst of redis-tools 7.0
    const redis = `USER="redis"
Setup_dir () {
	DIR="\${1}"
	MODE="\${2}"
	GROUP="\${3}"

	mkdir -p \${DIR}

	if ! dpkg-statoverride --list \${DIR} >/dev/null 2>&1
	then
		chown \${USER}:\${GROUP} \${DIR}
		chmod \${MODE} \${DIR}
	fi
}
if [ "$1" = "configure" ]
then
	Setup_dir /var/log/redis 2750 adm
	Setup_dir /var/lib/redis 750 \${USER}
fi
dpkg-statoverride --update --add root redis 640 /etc/redis.conf
for name in a b; do
  [ -d "$DPKG_ROOT/var/lib/redis/$name" ] || install -d -o redis -m 0700 /var/lib/redis/$name
done
mkdir -m 700 /var/lib/kept || true
chmod g+ws,o-rx /var/lib/kept
`;
    const { staging, result } = replaced({ ...ACCOUNTS, '/etc/redis.conf': 'conf' }, { redis });
    expect(factsOf(staging, '/var/log/redis')).toBe('2750 101:4');
    expect(factsOf(staging, '/var/lib/redis')).toBe('750 101:101');
    expect(factsOf(staging, '/etc/redis.conf')).toBe('640 0:101');
    expect(staging.readFile('/etc/redis.conf')!.toString()).toBe('conf');
    expect(factsOf(staging, '/var/lib/redis/a')).toBe('700 101:0');
    expect(factsOf(staging, '/var/lib/redis/b')).toBe('700 101:0');
    expect(factsOf(staging, '/var/lib/kept')).toBe('2720 0:0');
    expect(result.made).toEqual(['6 directories, modes and owners']);
    expect(result.missing).toEqual([]);
  });

  it('leaves out what a script may not do, does elsewhere, or does half, and names the first and the last', () => {
    const script = `if is-it-so; then mkdir /var/lib/maybe; fi
case "$1" in remove) mkdir /var/lib/removed;; esac
[ -n "$2" ] && mkdir /var/lib/upgraded
mkdir /usr/lib/elsewhere /run/now; chmod 4755 /usr/bin/su
mkdir /var/lib/half; chmod 700 /var/lib/half; chown nobody-knows /var/lib/half
mkdir "/var/lib/$(id)"
if is-it-so; then exit 0; fi
mkdir /var/lib/after
`;
    const { staging, result } = replaced(ACCOUNTS, { script });
    for (const name of ['maybe', 'removed', 'upgraded', 'after'])
      expect(staging.tree.find(`/var/lib/${name}`)).toBeUndefined();
    expect(staging.tree.find('/usr/lib')).toBeUndefined();
    expect(factsOf(staging, '/var/lib/half')).toBe('755 0:0');
    expect(result.missing).toEqual([
      { program: 'chown', packages: ['script'] },
      { program: 'mkdir', packages: ['script'] },
    ]);
  });

  it('includes nothing of a script that is none of the shell', () => {
    const { staging } = replaced(ACCOUNTS, { script: '#!/usr/bin/perl\nmkdir /var/lib/x\n' });
    expect(staging.tree.find('/var/lib/x')).toBeUndefined();
  });
});
