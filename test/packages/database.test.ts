import { describe, expect, it } from 'vitest';
import {
  databaseOf,
  isShared,
  packageNamed,
  packageOf,
  versionOfOwner,
} from '../../src/packages/database.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { buildFixture } from '../lab/fixture.ts';

const at = scratch();

function root(files: Readonly<Record<string, string>>): View {
  const recipes = Object.entries(files).map(([path, text]) => [path, { text }]);
  buildFixture(at(), { rule: '', source: '', files: Object.fromEntries(recipes) });
  return directoryView(at());
}

/** The name and version of the owner of a file. */
function owner(view: View, path: string): unknown {
  const found = packageOf(view, path);
  return found && { name: found.name, version: found.version };
}

/** The names of all packages, and the paths of the first of a name. */
const names = (view: View) => databaseOf(view)?.packages.map(({ name }) => name);
function filesOf(view: View, name: string): readonly string[] {
  const known = databaseOf(view)!;
  return known.filesOf(packageNamed(known, name)!.found);
}

describe('the database of dpkg', () => {
  const status =
    'Package: tool\nArchitecture: amd64\nVersion: 1.2-3\nDescription: x\n Version: 9\n\nPackage: libz\nArchitecture: amd64\nVersion: 1\n\nPackage: libz\nArchitecture: i386\nVersion: 2\n\nPackage: broken\n\n';

  it('gives the owner of a file, also of several architectures and in a root from before the usr-merge', () => {
    const view = root({
      '/var/lib/dpkg/status': status,
      '/var/lib/dpkg/info/tool.list': '/.\n/usr\n/usr/bin/tool\n/lib/libtool.so\n',
      '/var/lib/dpkg/info/libz:amd64.list': '/usr/lib/x86_64-linux-gnu/libz.so.1\n',
      '/var/lib/dpkg/info/libz:i386.list': '/usr/lib/i386-linux-gnu/libz.so.1\n',
      '/var/lib/dpkg/info/broken.list': '/usr/bin/broken\n',
    });
    expect(owner(view, '/usr/bin/tool')).toEqual({ name: 'tool', version: '1.2-3' });
    expect(owner(view, '/usr/lib/libtool.so')).toEqual({ name: 'tool', version: '1.2-3' });
    expect(owner(view, '/usr/lib/i386-linux-gnu/libz.so.1')).toEqual({ name: 'libz', version: '2' });
    expect(owner(view, '/usr/lib/x86_64-linux-gnu/libz.so.1')).toEqual({ name: 'libz', version: '1' });
    for (const none of ['/usr/bin/broken', '/usr/bin/none', '/'])
      expect(packageOf(view, none)).toBeUndefined();
  });

  it('contains what is installed, with sources and dependencies, and prefers the architecture of who asks', () => {
    const view = root({
      '/var/lib/dpkg/status': [
        'Package: app\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\nSource: apps (2.0)\nPre-Depends: libc6 (>= 2.34)\nDepends: libz:any (= 2) | zlib, httpd [linux-any]\nRecommends: more\nProvides: httpd (= 1), editor',
        'Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1',
        'Package: held\nStatus: hold ok unpacked\nArchitecture: all\nVersion: 1\nEssential: yes',
        status,
      ].join('\n\n'),
    });
    const known = databaseOf(view)!;
    expect(names(view)).toEqual(['app', 'held', 'tool', 'libz', 'libz']);
    const [app, held] = known.packages;
    expect(app).toEqual({
      name: 'app',
      version: '1',
      architecture: 'i386',
      source: 'apps',
      sourceVersion: '2.0',
      licences: [],
      essential: false,
      depends: [['libc6'], ['libz', 'zlib'], ['httpd']],
      pins: [],
      recommends: [['more']],
      provides: ['httpd', 'editor'],
    });
    expect(held!.essential).toBe(true);
    expect(packageNamed(known, 'libz')!.found.version).toBe('1');
    expect(packageNamed(known, 'libz', app)!.found.version).toBe('2');
    expect(packageNamed(known, 'libz:i386')!.found.version).toBe('2');
    expect(packageNamed(known, 'editor')).toEqual({ found: app, provided: true });
    expect(packageNamed(known, 'gone')).toBeUndefined();
  });

  it('returns the dependencies on exactly one version as pins, except those with alternatives', () => {
    const view = root({
      '/var/lib/dpkg/status':
        'Package: app\nArchitecture: amd64\nVersion: 1\nPre-Depends: first (= 1:2.0~rc1-3+b1)\nDepends: libz (=2), any:any (= 3), other (>= 1), a (= 1) | b, old (<< 2), arch (= 4) [amd64]\nRecommends: more (= 1)\n',
    });
    expect(databaseOf(view)!.packages[0]!.pins).toEqual([
      { name: 'first', version: '1:2.0~rc1-3+b1' },
      { name: 'libz', version: '2' },
      { name: 'any', version: '3' },
    ]);
  });

  it('returns the version of a package that owns a file', () => {
    const view = root({
      '/var/lib/dpkg/status': status,
      '/var/lib/dpkg/info/tool.list': '/usr/bin/tool\n/lib/libtool.so\n',
      '/var/lib/dpkg/info/libz:amd64.list': '/usr/lib/x86_64-linux-gnu/libz.so.1\n',
      '/var/lib/dpkg/info/libz:i386.list': '/usr/lib/i386-linux-gnu/libz.so.1\n',
    });
    expect(versionOfOwner(view, '/usr/lib/i386-linux-gnu/libz.so.1', 'libz')).toBe('2');
    expect(versionOfOwner(view, '/usr/lib/libtool.so', 'tool')).toBe('1.2-3');
    expect(versionOfOwner(view, '/usr/lib/libtool.so', 'libz')).toBeUndefined();
    expect(versionOfOwner(view, '/usr/lib/x86_64-linux-gnu/libz.so.2', 'libz')).toBeUndefined();
  });

  it('gives a diverted file its real path, for every package but the one that diverts it', () => {
    const view = root({
      '/var/lib/dpkg/status': 'Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n',
      '/var/lib/dpkg/info/a.list': '/usr/share/help\n/usr/share/own\n',
      '/var/lib/dpkg/info/b.list': '/usr/share/help\n',
      '/var/lib/dpkg/diversions':
        '/usr/share/help\n/usr/share/help.old\nb\n/usr/share/own\n/usr/share/own.local\n:\nrest\n',
    });
    expect(filesOf(view, 'a')).toEqual(['/usr/share/help.old', '/usr/share/own.local']);
    expect(filesOf(view, 'b')).toEqual(['/usr/share/help']);
  });

  it('lists the configuration files that scripts made with ucf', () => {
    const view = root({
      '/var/lib/dpkg/status': 'Package: a\nVersion: 1\n',
      '/var/lib/dpkg/info/a.list': '/usr/bin/a\n',
      '/var/lib/ucf/registry': 'a \t /etc/a.conf\nb \t /etc/b.conf\na \t /etc/../../x\nnonsense\n',
    });
    expect(filesOf(view, 'a')).toEqual(['/usr/bin/a', '/etc/a.conf']);
  });

  it('reads a registry of ucf with very many files of one package', () => {
    const many = Array.from({ length: 300_000 }, (_, i) => `/etc/${i}`);
    const view = root({
      '/var/lib/dpkg/status': 'Package: a\nVersion: 1\n',
      '/var/lib/dpkg/info/a.list': '',
      '/var/lib/ucf/registry': many.map(path => `a ${path}\n`).join(''),
    });
    expect(filesOf(view, 'a')).toHaveLength(many.length);
  });

  it('knows the scripts that ran at the installation, and directories of several packages', () => {
    const view = root({
      '/var/lib/dpkg/status': 'Package: a\nVersion: 1\nArchitecture: amd64\n\nPackage: b\nVersion: 1\n',
      '/var/lib/dpkg/info/a:amd64.list': '/etc/a\n/etc/both\n',
      '/var/lib/dpkg/info/b.list': '/etc/both\n',
      '/var/lib/dpkg/info/a:amd64.postinst': 'adduser a\n',
      '/var/lib/dpkg/info/a:amd64.prerm': 'deluser a\n',
    });
    const known = databaseOf(view)!;
    expect(known.scriptsOf(known.packages[0]!)).toEqual([
      { name: 'postinst', path: '/var/lib/dpkg/info/a:amd64.postinst', text: 'adduser a\n' },
    ]);
    expect([isShared(view, '/etc/a'), isShared(view, '/etc/both')]).toEqual([false, true]);
  });

  it('is read from the files of an image without dpkg', () => {
    const view = root({
      '/var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12\nArchitecture: amd64\n',
      '/var/lib/dpkg/status.d/base-files.md5sums': '0123  usr/lib/os-release\nnonsense\n',
    });
    expect(owner(view, '/usr/lib/os-release')).toEqual({ name: 'base-files', version: '12' });
  });

  it('never leads out of the root, whatever names and paths a database contains', () => {
    const view = root({
      '/var/lib/dpkg/status':
        'Package: ../../../etc/passwd\nVersion: 1\n\nPackage: app\nVersion: 1\nDepends: ../x, ok\n',
      '/var/lib/dpkg/info/app.list':
        '/usr/../../etc/shadow\n/usr/./bin/a\n//usr/bin/b\nusr/bin/relative\n/\n/.\n/usr/bin/c/\n/usr/bin/ok\n',
    });
    expect(names(view)).toEqual(['app']);
    expect(databaseOf(view)!.packages[0]!.depends).toEqual([['ok']]);
    expect(filesOf(view, 'app')).toEqual(['/usr/bin/relative', '/usr/bin/ok']);
  });
});

describe('the database of apk', () => {
  it.each(['/lib/apk/db', '/usr/lib/apk/db'])('gives the owner of a file, in %s', place => {
    const view = root({
      [`${place}/installed`]:
        'C:Q1x=\nP:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\nF:usr/bin\nR:ldd\n\nP:zlib\nV:1.3\nF:lib\nR:libz.so.1\n\n',
    });
    expect(owner(view, '/lib/ld-musl-x86_64.so.1')).toEqual({ name: 'musl', version: '1.2.5-r0' });
    expect(owner(view, '/usr/bin/ldd')).toEqual({ name: 'musl', version: '1.2.5-r0' });
    expect(owner(view, '/lib/libz.so.1')).toEqual({ name: 'zlib', version: '1.3' });
  });

  it('contains origins, what packages need and provide, directories, and the scripts of the archive', () => {
    const view = root({
      '/lib/apk/db/installed':
        'P:nginx\nV:1.26-r0\nA:x86_64\no:nginx\nD:!nginx-old !other=1 so:libz.so.1 so:libc.so=1 pcre2>=10 nginx-common=1.26-r0 near~=1.2\np:cmd:nginx=1.26-r0\nF:\nR:top\nF:usr/sbin\nR:nginx\n\nP:zlib\nV:1.3\np:so:libz.so.1=1.3\n',
      '/lib/apk/db/scripts.tar': member('nginx-1.26-r0.Q1abc=.pre-install', 'adduser -S nginx\n'),
    });
    const known = databaseOf(view)!;
    const { found: nginx } = packageNamed(known, 'nginx')!;
    expect(nginx.depends.flat()).toEqual(['so:libz.so.1', 'so:libc.so', 'pcre2', 'nginx-common', 'near']);
    expect(nginx.pins).toEqual([{ name: 'nginx-common', version: '1.26-r0' }]);
    expect(packageNamed(known, 'cmd:nginx')!.found).toBe(nginx);
    expect(packageNamed(known, 'so:libz.so.1', nginx)!.found.name).toBe('zlib');
    expect(known.filesOf(nginx)).toEqual(['/top', '/usr/sbin', '/usr/sbin/nginx']);
    expect(known.scriptsOf(nginx)).toEqual([
      { name: 'pre-install', path: '/lib/apk/db/scripts.tar', text: 'adduser -S nginx\n' },
    ]);
  });
});

/** A tar archive with one member, of less than 512 bytes. */
function member(name: string, text: string): string {
  const size = text.length.toString(8).padStart(11, '0');
  return (
    name.padEnd(124, '\0') + `${size}\0`.padEnd(512 - 124, '\0') + text.padEnd(512, '\0') + '\0'.repeat(1024)
  );
}

describe('the database of pacman', () => {
  it('contains packages with files, dependencies and scripts', () => {
    const place = '/var/lib/pacman/local/curl-8.1-1';
    const view = root({
      '/var/lib/pacman/local/ALPM_DB_VERSION': '9\n',
      [`${place}/desc`]:
        '%NAME%\ncurl\n\n%VERSION%\n8.1-1\n\n%BASE%\ncurl-src\n\n%ARCH%\nx86_64\n\n%DEPENDS%\nca-certificates\nlibz.so=1-64\nzlib>=1\ncurl-data=8.1\n\n%PROVIDES%\nlibcurl.so=4-64\n\n',
      [`${place}/files`]: '%FILES%\nusr/\nusr/bin/\nusr/bin/curl\n\n%BACKUP%\netc/curlrc\tabc\n',
      [`${place}/install`]: 'post_install() { useradd curl; }\n',
    });
    const known = databaseOf(view)!;
    const [curl] = known.packages;
    expect(curl).toMatchObject({
      name: 'curl',
      version: '8.1-1',
      source: 'curl-src',
      depends: [['ca-certificates'], ['libz.so'], ['zlib'], ['curl-data']],
      pins: [{ name: 'curl-data', version: '8.1' }],
      provides: ['libcurl.so'],
    });
    expect(known.filesOf(curl!)).toEqual(['/usr', '/usr/bin', '/usr/bin/curl']);
    expect(known.scriptsOf(curl!)).toMatchObject([{ name: 'install', path: `${place}/install` }]);
    expect(owner(view, '/usr/bin/curl')).toEqual({ name: 'curl', version: '8.1-1' });
  });
});

it('a root without a database has no packages', () => {
  const view = root({ '/usr/bin/app': '' });
  expect(databaseOf(view)).toBeUndefined();
  expect(packageOf(view, '/usr/bin/app')).toBeUndefined();
});
