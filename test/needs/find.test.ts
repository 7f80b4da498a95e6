import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { needsOf } from '../../src/needs/find.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, LIB, program, rootAt } from '../plan/plan.ts';

const at = scratch();
let roots = 0;

/** Returns `STRENGTH KIND WHAT` for each need of a file in a root with these files. */
function needs(file: string, files: Files, optional = false): string[] {
  const name = `root-${roots++}`;
  const view = rootAt(at(name), { ...base, ...files });
  for (const [path, recipe] of Object.entries(files))
    if ('text' in recipe && recipe.text.startsWith('#!')) fs.chmodSync(at(name, path), 0o755);
  return needsOf({ view, path: file, optional }, view)
    .map(({ what, strength, evidence: { kind } }) => `${strength} ${kind} ${what}`)
    .sort();
}

/** The database of dpkg, with the source and the files of each package. */
function dpkg(packages: Readonly<Record<string, readonly [source: string, ...files: string[]]>>): Files {
  const stanzas = Object.entries(packages).map(
    ([name, [source]]) =>
      `Package: ${name}\nStatus: install ok installed\nSource: ${source}\nVersion: 1\nArchitecture: amd64\n`,
  );
  const lists = Object.entries(packages).map(([name, [, ...files]]) => [
    `/var/lib/dpkg/info/${name}.list`,
    { text: `/.\n${files.join('\n')}\n` },
  ]);
  return { '/var/lib/dpkg/status': { text: stanzas.join('\n') }, ...Object.fromEntries(lists) };
}

describe('a family', () => {
  it('gives an interpreter its library by its version, and its modules as a suggestion', () => {
    const files = {
      '/usr/bin/python3.11': program(),
      '/usr/lib/python3.11/os.py': { text: '' },
      '/usr/lib/python3.9/os.py': { text: '' },
      '/usr/lib/python3/dist-packages/yaml/x.py': { text: '' },
    };
    expect(needs('/usr/bin/python3.11', files)).toEqual([
      'required family /usr/lib/python3.11',
      'suggested family /usr/lib/python3/dist-packages',
    ]);
  });

  it('requires less of a program that only embeds an interpreter', () => {
    const files = {
      [`${LIB}/libpython3.11.so.1.0`]: { soname: 'libpython3.11.so.1.0' },
      '/usr/lib/python3.11/os.py': { text: '' },
    };
    expect(needs(`${LIB}/libpython3.11.so.1.0`, files)).toEqual(['recommended family /usr/lib/python3.11']);
  });

  it('brings the configuration without which ALSA knows no device, also for a plugin that plays sound', () => {
    const files = {
      [`${LIB}/libasound.so.2`]: { soname: 'libasound.so.2' },
      '/usr/share/alsa/alsa.conf': { text: '' },
    };
    expect(needs(`${LIB}/libasound.so.2`, files, true)).toEqual(['recommended family /usr/share/alsa']);
  });

  it('gives a compiler the programs that it starts by name', () => {
    const files = { '/usr/bin/x86_64-linux-gnu-gcc-12': program(), '/usr/bin/as': program() };
    expect(needs('/usr/bin/x86_64-linux-gnu-gcc-12', files)).toEqual(['required family /usr/bin/as']);
  });

  it('takes the first of several places, and none if the root has none', () => {
    const library = { [`${LIB}/libtinfo.so.6`]: { soname: 'libtinfo.so.6' } };
    const files = {
      ...library,
      '/usr/share/terminfo/x/xterm': { text: '' },
      '/usr/lib/terminfo/x/xterm': { text: '' },
    };
    expect(needs(`${LIB}/libtinfo.so.6`, files)).toEqual(['required family /usr/lib/terminfo']);
    expect(needs(`${LIB}/libtinfo.so.6`, library)).toEqual([]);
    const slang = { ...files, [`${LIB}/libslang.so.2`]: { soname: 'libslang.so.2' } };
    expect(needs(`${LIB}/libslang.so.2`, slang)).toEqual(['required family /usr/lib/terminfo']);
  });

  it('is recognised by an imported symbol, but not in a library that imports it for others', () => {
    const files = {
      '/usr/bin/app': program({ references: ['iconv_open'] }),
      [`${LIB}/libstdc++.so.6`]: { soname: 'libstdc++.so.6', references: ['iconv_open'] },
      [`${LIB}/gconv/ISO8859-15.so`]: {},
    };
    expect(needs('/usr/bin/app', files)).toEqual([`recommended family ${LIB}/gconv`]);
    expect(needs(`${LIB}/libstdc++.so.6`, files)).toEqual([]);
  });
});

describe('a function that reads a table of names in /etc', () => {
  const tables = {
    '/etc/protocols': { text: '' },
    '/etc/services': { text: '' },
  };

  it('makes the table recommended for a program, and suggested for a library', () => {
    const references = ['getprotobyname', 'getservbyname_r', 'getrpcbyname'];
    const files = {
      ...tables,
      '/usr/bin/app': program({ references }),
      [`${LIB}/libapp.so.1`]: { soname: 'libapp.so.1', references },
    };
    expect(needs('/usr/bin/app', files)).toEqual([
      'recommended family /etc/protocols',
      'recommended family /etc/services',
    ]);
    expect(needs(`${LIB}/libapp.so.1`, files)).toEqual([
      'suggested family /etc/protocols',
      'suggested family /etc/services',
    ]);
  });

  it('does not count if it looks up hosts', () => {
    expect(
      needs('/usr/bin/app', { ...tables, '/usr/bin/app': program({ references: ['getaddrinfo'] }) }),
    ).toEqual([]);
  });
});

describe('a file of configuration in the strings of an object', () => {
  const files = {
    ...dpkg({
      app: ['app', '/usr/bin/app'],
      'app-common': ['app', '/etc/app/app.conf', '/etc/app/conf.d/a', '/etc/ssl/app.cnf', '/etc/pam.conf'],
      other: ['other', '/etc/other.conf'],
    }),
    '/etc/app/app.conf': { text: '' },
    '/etc/app/conf.d/a': { text: '' },
    '/etc/ssl/app.cnf': { text: '' },
    '/etc/pam.conf': { text: '' },
    '/etc/other.conf': { text: '' },
    '/etc/passwd': { text: '' },
  };

  it('is needed if it is of the same source, and neither state nor policy of the host', () => {
    const data = ['app/app.conf', 'app/conf.d', 'ssl/app.cnf', 'pam.conf', 'other.conf', 'passwd', 'none'];
    const app = program({ data: data.map(name => `/etc/${name}\0`).join('') });
    expect(needs('/usr/bin/app', { ...files, '/usr/bin/app': app })).toEqual([
      'recommended path /etc/app/app.conf',
      'recommended path /etc/app/conf.d',
    ]);
  });
});

describe('a path in the strings of an object', () => {
  const files = {
    ...dpkg({
      app: ['app', '/usr/bin/app'],
      'app-data': ['app', '/usr/share/app', '/usr/share/app/data', '/usr/share/games/app/level'],
      other: [
        'other',
        '/usr/share/other/data',
        '/usr/share/games/other/level',
        '/usr/share/games/other/more',
      ],
    }),
    '/usr/bin/app': program({
      data: '/usr/share/app\0/usr/share/other\0share/app/data\0/usr/share/none\0/usr/share/games\0',
    }),
    '/usr/share/app/data': { text: '' },
    '/usr/share/other/data': { text: '' },
    '/usr/share/games/app/level': { text: '' },
    '/usr/share/games/other/level': { text: '' },
    '/usr/share/games/other/more': { text: '' },
  };

  it('is recommended if packages of the same source own most of it, and a candidate otherwise', () => {
    expect(needs('/usr/bin/app', files)).toEqual([
      'candidate path /usr/share/games',
      'candidate path /usr/share/other',
      'recommended path /usr/share/app',
      'recommended path /usr/share/app/data',
    ]);
  });

  it('may be joined to the prefix only if it is of the same source', () => {
    const joined = {
      ...files,
      '/usr/bin/app': program({ data: 'share/app/data\0share/other/data\0share/none\0' }),
    };
    expect(needs('/usr/bin/app', joined)).toEqual(['recommended path /usr/share/app/data']);
  });

  it('counts as the program’s own by its name in a root without packages', () => {
    const bare = {
      '/usr/bin/app': files['/usr/bin/app'],
      '/usr/share/app/data': { text: '' },
      '/usr/share/other/data': { text: '' },
    };
    expect(needs('/usr/bin/app', bare)).toEqual([
      'candidate path /usr/share/other',
      'recommended path /usr/share/app',
      'recommended path /usr/share/app/data',
    ]);
  });

  it('of a program counts only if it is the whole string and can be run', () => {
    const programs = {
      '/usr/bin/app': program({ data: '/usr/bin/tool\0/usr/bin/text\0see /usr/bin/tool\0' }),
      '/usr/bin/tool': { text: '#!/bin/sh\n' },
      '/usr/bin/text': { text: '' },
    };
    expect(needs('/usr/bin/app', programs)).toEqual(['candidate path /usr/bin/tool']);
  });

  it('is recommended if it belongs to a package on which that of the program depends or which that recommends', () => {
    const dependent = {
      ...dpkg({
        app: ['app\nDepends: none | firmware (>= 1)\nRecommends: maps', '/usr/bin/app'],
        maps: ['maps', '/usr/share/maps/x'],
        firmware: ['firmware', '/usr/share/firmware/bios.bin'],
        other: ['other', '/usr/share/other/x'],
      }),
      '/usr/bin/app': program({ data: '/usr/share/firmware:/usr/share/maps:/usr/share/other\0' }),
      '/usr/share/firmware/bios.bin': { text: '' },
      '/usr/share/maps/x': { text: '' },
      '/usr/share/other/x': { text: '' },
    };
    expect(needs('/usr/bin/app', dependent)).toEqual([
      'candidate path /usr/share/other',
      'recommended path /usr/share/firmware',
      'recommended path /usr/share/maps',
    ]);
  });

  it('of a program is recommended if the package depends on that of the program, but not if it only recommends it', () => {
    const programs = {
      ...dpkg({
        app: ['app\nDepends: monitor\nRecommends: viewer', '/usr/bin/app'],
        monitor: ['monitor', '/usr/bin/monitor'],
        viewer: ['viewer', '/usr/bin/viewer'],
      }),
      '/usr/bin/app': program({ data: '/usr/bin/monitor\0/usr/bin/viewer\0' }),
      '/usr/bin/monitor': { text: '#!/bin/sh\n' },
      '/usr/bin/viewer': { text: '#!/bin/sh\n' },
    };
    expect(needs('/usr/bin/app', programs)).toEqual([
      'candidate path /usr/bin/viewer',
      'recommended path /usr/bin/monitor',
    ]);
  });

  it('may be the name of a program alone if the package depends on one that is named after this program', () => {
    const programs = {
      ...dpkg({
        app: ['app\nDepends: none | firewall, zap, mount, tools-pick\nRecommends: viewer', '/usr/bin/app'],
        firewall: ['firewall', '/usr/sbin/firewall-nft'],
        zap: ['zap\nEssential: yes', '/usr/bin/zap'],
        mount: ['mount', '/usr/bin/mount'],
        'tools-pick': ['tools', '/usr/bin/pick', '/usr/bin/top', '/usr/lib/tools/tools'],
        viewer: ['viewer', '/usr/bin/viewer'],
      }),
      '/usr/bin/app': program({ data: 'x\0firewall\0zap\0pick\0top\0mount\0viewer\0tools\0' }),
      '/usr/sbin/firewall': { link: '/etc/alternatives/firewall' },
      '/etc/alternatives/firewall': { link: '/usr/sbin/firewall-nft' },
      ...Object.fromEntries(
        [
          '/usr/sbin/firewall-nft',
          '/usr/bin/zap',
          '/usr/bin/pick',
          '/usr/bin/top',
          '/usr/bin/mount',
          '/usr/lib/tools/tools',
          '/usr/bin/viewer',
        ].map(path => [path, { text: '#!/bin/sh\n' }]),
      ),
    };
    expect(needs('/usr/bin/app', programs)).toEqual([
      'recommended program /usr/bin/pick',
      'recommended program /usr/sbin/firewall',
    ]);
  });

  it('of a declared program is as strong for a plugin, and for a script that came with a directory', () => {
    const plugins = {
      ...dpkg({
        app: ['app\nDepends: firewall', '/usr/lib/app/net.so', '/usr/lib/app/hook'],
        firewall: ['firewall', '/usr/sbin/firewall'],
        other: ['other', '/usr/sbin/other'],
      }),
      '/usr/lib/app/net.so': { soname: 'net.so', data: 'x\0firewall\0' },
      '/usr/lib/app/hook': { text: '#!/bin/sh\ncommand -v firewall && firewall; other\n' },
      '/usr/bin/sh': program(),
      '/usr/sbin/firewall': { text: '#!/bin/sh\n' },
      '/usr/sbin/other': { text: '#!/bin/sh\n' },
    };
    expect(needs('/usr/lib/app/net.so', plugins, true)).toEqual(['recommended program /usr/sbin/firewall']);
    expect(needs('/usr/lib/app/hook', plugins, true)).toEqual([
      'recommended command /usr/sbin/firewall',
      'suggested command /usr/sbin/other',
      'suggested interpreter /usr/bin/sh',
    ]);
  });

  it('is found among joined strings, as Go and Rust have them, if it is of the same source or of a dependency', () => {
    const before = 'x'.repeat(600);
    const programs = {
      ...dpkg({
        app: ['app\nDepends: monitor', '/usr/bin/app', '/usr/share/app/data', '/etc/app/app.conf'],
        monitor: ['monitor', '/usr/bin/monitor', '/usr/bin/mon'],
        other: ['other', '/usr/share/other/x', '/usr/bin/other'],
      }),
      '/usr/bin/app': program({
        data: `\0${before}/bin/monitorwith/usr/share/app/usr/sbin/none/etc/app/app.confx/usr/share/other/x/usr/bin/other${before}`,
      }),
      '/usr/bin/monitor': { text: '#!/bin/sh\n' },
      '/usr/bin/mon': { text: '#!/bin/sh\n' },
      '/usr/bin/other': { text: '#!/bin/sh\n' },
      '/usr/share/app/data': { text: '' },
      '/usr/share/other/x': { text: '' },
      '/etc/app/app.conf': { text: '' },
    };
    expect(needs('/usr/bin/app', programs)).toEqual([
      'recommended path /etc/app/app.conf',
      'recommended path /usr/bin/monitor',
      'recommended path /usr/share/app',
    ]);
  });
});

describe('a path that is no need', () => {
  const owned = dpkg({
    app: [
      'app',
      '/usr/bin/app',
      '/usr/lib/libapp.so.1',
      '/usr/share/doc/app/x',
      '/usr/sbin/nologin',
      '/usr/lib/systemd/app',
    ],
    libc: ['libc', '/usr/bin/static', '/usr/lib/locale/C', '/usr/lib/gconv/x'],
  });

  it('is documentation, or the shell of users who may not log in', () => {
    const files = {
      ...owned,
      '/usr/bin/app': program({ data: '/usr/share/doc/app/x\0/usr/sbin/nologin\0' }),
      '/usr/share/doc/app/x': { text: '' },
      '/usr/sbin/nologin': program(),
    };
    expect(needs('/usr/bin/app', files)).toEqual([]);
  });

  it('is in the libc that is a part of a static program', () => {
    const data = '/usr/lib/locale\0/usr/lib/gconv\0/usr/share/static\0';
    const files: Files = {
      ...owned,
      '/usr/bin/static': { type: 'exec', data },
      '/usr/lib/locale/C': { text: '' },
      '/usr/lib/gconv/x': { text: '' },
      '/usr/share/static': { text: '' },
    };
    expect(needs('/usr/bin/static', files)).toEqual(['candidate path /usr/share/static']);
  });

  it('is a directory of the host’s programs, of which a library contains the name', () => {
    const files = {
      ...owned,
      '/usr/lib/systemd/app': { text: '' },
      '/usr/lib/libapp.so.1': { soname: 'libapp.so.1', data: '/usr/lib/systemd/app\0' },
      '/usr/bin/app': program({ data: '/usr/lib/systemd/app\0' }),
    };
    expect(needs('/usr/lib/libapp.so.1', files)).toEqual(['suggested path /usr/lib/systemd/app']);
    expect(needs('/usr/bin/app', files)).toEqual(['recommended path /usr/lib/systemd/app']);
  });
});

describe('a shell script', () => {
  const files: Files = {
    ...dpkg({
      app: ['app', '/usr/bin/app', '/usr/bin/app-helper', '/usr/lib/app/functions'],
      openssl: ['openssl', '/usr/bin/openssl', '/usr/bin/gettext.sh', '/usr/bin/envsubst'],
    }),
    '/bin': { link: 'usr/bin' },
    '/usr/bin/sh': program(),
    '/usr/bin/app-helper': program(),
    '/usr/bin/openssl': program(),
    '/usr/bin/envsubst': program(),
    '/usr/bin/text': { text: '' },
    '/usr/bin/gettext.sh': { text: '#!/bin/sh\nenvsubst; helper() { :; }\n' },
    '/usr/lib/app/functions': { text: 'openssl\n' },
  };
  const needsOfScript = (text: string) =>
    needs('/usr/bin/app', { ...files, '/usr/bin/app': { text: `#!/bin/sh\n${text}\n` } }).filter(
      need => !need.startsWith('required interpreter'),
    );

  it('needs the programs that it runs by name, and those of its own package above all', () => {
    expect(needsOfScript('openssl req; app-helper; text; none; echo envsubst')).toEqual([
      'recommended command /usr/bin/openssl',
      'required command /usr/bin/app-helper',
    ]);
  });

  it('may do without a program whose existence it tests', () => {
    expect(needsOfScript('if command -v openssl; then openssl req; fi\n[ -x /usr/bin/app-helper ]')).toEqual([
      'recommended script /usr/bin/app-helper',
      'suggested command /usr/bin/openssl',
    ]);
  });

  it('needs the files that it reads, and less what these run', () => {
    expect(needsOfScript('. gettext.sh\n. /usr/lib/app/functions\n. /etc/app.conf\nhelper')).toEqual([
      'recommended command /usr/bin/envsubst',
      'recommended command /usr/bin/gettext.sh',
      'recommended command /usr/lib/app/functions',
      'suggested command /usr/bin/openssl',
    ]);
  });

  it('needs nothing that only comments, messages or here-documents name', () => {
    expect(
      needsOfScript(
        '# /usr/lib/app/functions\necho /usr/lib/app/functions\ncat <<END\n/usr/bin/openssl\nEND',
      ),
    ).toEqual([]);
  });

  it('needs a program once, although it names it by two paths', () => {
    expect(needsOfScript('/bin/app-helper; /usr/bin/app-helper')).toEqual([
      'required command /usr/bin/app-helper',
    ]);
  });
});

describe('a Python script', () => {
  const modules: Files = {
    '/usr/bin/python3.11': program(),
    '/usr/bin/python3': { link: 'python3.11' },
    '/usr/lib/python3.11/json/__init__.py': { text: '' },
    '/usr/lib/python3/dist-packages/app/__init__.py': { text: 'import json\nfrom .parts import x\n' },
    '/usr/lib/python3/dist-packages/app/parts.py': { text: '  import dep.sub as d, json\n' },
    '/usr/lib/python3/dist-packages/app/tests/all.py': { text: 'import unused\n' },
    '/usr/lib/python3/dist-packages/app-1.0.dist-info/top_level.txt': { text: 'app\n' },
    '/usr/lib/python3/dist-packages/dep/__init__.py': { text: '' },
    '/usr/lib/python3/dist-packages/unused.py': { text: '' },
  };

  it('needs the modules that it loads, what these load, and their metadata', () => {
    const files = { ...modules, '/usr/bin/app': { text: '#!/usr/bin/python3\nfrom app.main import main\n' } };
    expect(needs('/usr/bin/app', files)).toEqual([
      'required import /usr/lib/python3/dist-packages/app',
      'required import /usr/lib/python3/dist-packages/app-1.0.dist-info',
      'required import /usr/lib/python3/dist-packages/dep',
      'required interpreter /usr/bin/python3',
    ]);
  });

  it('may name the distribution whose entry point it calls', () => {
    const files = { ...modules, '/usr/bin/app': { text: "#!/usr/bin/python3\n__requires__ = 'app==1.0'\n" } };
    expect(needs('/usr/bin/app', files)).toContain('required import /usr/lib/python3/dist-packages/app');
  });

  it('needs native modules whose names a native module contains', () => {
    const files = {
      ...modules,
      '/usr/bin/app': { text: '#!/usr/bin/python3\nimport fast\n' },
      '/usr/lib/python3/dist-packages/fast.cpython-311.so': { data: '_backend\0' },
      '/usr/lib/python3/dist-packages/_backend.cpython-311.so': {},
    };
    expect(needs('/usr/bin/app', files)).toContain(
      'required import /usr/lib/python3/dist-packages/_backend.cpython-311.so',
    );
  });

  /** The modules that a script in Python needs, as `STRENGTH MODULE`; `a` loads `inner`. */
  function importsIn(script: string): string[] {
    const packages = '/usr/lib/python3/dist-packages';
    const files = {
      ...modules,
      ...Object.fromEntries(['b', 'c', 'inner'].map(name => [`${packages}/${name}.py`, { text: '' }])),
      [`${packages}/a.py`]: { text: 'import inner\n' },
      '/usr/bin/app': { text: `#!/usr/bin/python3\n${script}` },
    };
    return needs('/usr/bin/app', files)
      .filter(line => line.includes(' import '))
      .map(line => line.replace(/import .*\//, ''));
  }

  it('has a recommended need for a module whose failed import it handles, and for what only that module loads', () => {
    expect(
      importsIn('try:\n  import a\n  X = 1\nexcept (ImportError, OSError):\n  X = 0\nimport b\n'),
    ).toEqual(['recommended a.py', 'recommended inner.py', 'required b.py']);
    expect(
      importsIn(
        'def f():\n    try:\n        import a\n    except Exception:\n        pass\n    import inner\n',
      ),
    ).toEqual(['recommended a.py', 'required inner.py']);
  });

  it('requires a module without which it exits, or the first of two alternatives', () => {
    expect(importsIn('try:\n  import a\nexcept ImportError:\n  sys.exit(1)\n')).toContain('required a.py');
    expect(importsIn('try:\n  import b\nexcept ImportError:\n  import c\n')).toEqual([
      'recommended c.py',
      'required b.py',
    ]);
    expect(importsIn('try:\n  import b\nexcept OSError:\n  pass\n')).toEqual(['required b.py']);
    expect(importsIn('try:\n  pass\nexcept ImportError:\n  pass\nelse:\n  import b\n')).toEqual([
      'required b.py',
    ]);
  });

  it('has a recommended need for a module that only type checkers load', () => {
    expect(importsIn('if TYPE_CHECKING:\n  import a\nelse:\n  import b\n')).toEqual([
      'recommended a.py',
      'recommended inner.py',
      'required b.py',
    ]);
    expect(importsIn('if typing.TYPE_CHECKING:\n  import b\n')).toEqual(['recommended b.py']);
  });

  it('in a directory is not worth more than a suggestion', () => {
    const files = { ...modules, '/usr/lib/x/app': { text: '#!/usr/bin/python3\nimport app\n' } };
    expect(needs('/usr/lib/x/app', files, true).map(line => line.split(' ')[0])).toEqual(
      Array.from({ length: 4 }, () => 'suggested'),
    );
  });
});

describe('a Perl script', () => {
  it('needs the modules that it uses, with what lies below them', () => {
    const files = {
      '/usr/bin/perl': program(),
      '/usr/share/perl5/App/Main.pm': { text: 'use strict;\nuse Other;\n' },
      '/usr/share/perl5/App/Main/Part.pm': { text: '' },
      '/usr/share/perl5/Other.pm': { text: '' },
      '/usr/bin/app': { text: '#!/usr/bin/perl\nuse App::Main;\nuse POSIX;\n' },
    };
    expect(needs('/usr/bin/app', files)).toEqual([
      'required import /usr/share/perl5/App/Main',
      'required import /usr/share/perl5/App/Main.pm',
      'required import /usr/share/perl5/Other.pm',
      'required interpreter /usr/bin/perl',
    ]);
  });
});

describe('the manual in a Perl script', () => {
  it('shows no needs', () => {
    const files = {
      '/usr/bin/perl': program(),
      '/usr/share/perl5/Other.pm': { text: '' },
      '/usr/share/app/data': { text: '' },
      '/usr/share/app/more': { text: '' },
      '/usr/bin/app': {
        text: '#!/usr/bin/perl\n=head1 SEE\n\n  use Other;\n/usr/share/app/data\n\n=cut\nopen "/usr/share/app/more";\n__END__\nuse Other;\n',
      },
    };
    expect(needs('/usr/bin/app', files)).toEqual([
      'recommended script /usr/share/app/more',
      'required interpreter /usr/bin/perl',
    ]);
  });
});

describe('a file that came with a directory', () => {
  it('weakens what it requires', () => {
    const files = {
      [`${LIB}/libtinfo.so.6`]: { soname: 'libtinfo.so.6' },
      '/usr/lib/terminfo/x/xterm': { text: '' },
    };
    expect(needs(`${LIB}/libtinfo.so.6`, files, true)).toEqual(['recommended family /usr/lib/terminfo']);
  });

  it('does not weaken what it would load from the host otherwise', () => {
    const files: Files = {
      [`${LIB}/libxml2.so.2`]: { soname: 'libxml2.so.2', references: ['iconv_open'] },
      [`${LIB}/gconv/EUC-JP.so`]: { soname: 'EUC-JP.so' },
    };
    expect(needs(`${LIB}/libxml2.so.2`, files, true)).toEqual([`recommended family ${LIB}/gconv`]);
  });

  it('needs nothing if it is data', () => {
    expect(needs('/usr/share/app/data', { '/usr/share/app/data': { text: '/usr/bin/app' } })).toEqual([]);
  });
});
