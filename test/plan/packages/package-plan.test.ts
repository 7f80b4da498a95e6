import { describe, expect, it } from 'vitest';
import { databaseOf } from '../../../src/packages/database.ts';
import { type PackagePlan, planPackages } from '../../../src/plan/packages/package-plan.ts';
import { namedPackages } from '../../../src/plan/packages/select.ts';
import type { Depends, Extra } from '../../../src/plan/packages/choices.ts';
import { ownAsRoot } from '../../../src/view/owners.ts';
import { ReadFailure, type Stat, type View } from '../../../src/view/view.ts';
import { scratch } from '../../io/scratch.ts';
import { textAt, wrapPlanOf } from '../flatwrap/plan.ts';
import { base, type Files, holds, planOf, program, refusal, rootAt } from '../plan.ts';

const at = scratch();
const app = { elf: program(), mode: 0o755 };
const script = (interpreter: string) => ({ text: `#!${interpreter}\n`, mode: 0o755 });

interface Installed {
  readonly fields?: string;
  /** With their parents. */
  readonly files?: Files;
  readonly postinst?: string;
}

let roots = 0;

/** A root in which dpkg installed packages. */
function rootWith(packages: Readonly<Record<string, Installed>>, more: Files = {}): View {
  const status = Object.entries(packages).map(
    ([name, { fields = '' }]) => `Package: ${name}\nVersion: 1\n${fields}`,
  );
  const files: Record<string, Files[string]> = { ...base, ...more };
  for (const [name, { files: own = {}, postinst }] of Object.entries(packages)) {
    Object.assign(files, own);
    files[`/var/lib/dpkg/info/${name}.list`] = { text: `/.\n${listOf(Object.keys(own)).join('\n')}\n` };
    if (postinst !== undefined) files[`/var/lib/dpkg/info/${name}.postinst`] = { text: postinst };
  }
  files['/var/lib/dpkg/status'] = { text: status.join('\n\n') };
  return rootAt(at(`root ${++roots}`), files);
}

function listOf(paths: readonly string[]): string[] {
  const all = paths.flatMap(path => {
    const parts = path.split('/');
    return parts.slice(2).map((_, end) => parts.slice(0, end + 2).join('/'));
  });
  return [...new Set([...all, ...paths])].sort();
}

/** Shows a root whose files have other owners and modes than a test can give them. */
function withOwners(view: View, stats: Readonly<Record<string, Partial<Stat>>>): View {
  return {
    label: view.label,
    versions: view.versions,
    list: path => view.list(path),
    kind: path => view.kind(path),
    readlink: path => view.readlink(path),
    stat: path => ({ ...view.stat(path), ...stats[path] }),
    isMountPoint: path => view.isMountPoint(path),
    open: path => view.open(path),
    source: path => view.source(path),
  };
}

interface Asked {
  readonly depends?: Depends;
  readonly wanted?: readonly Extra[];
  readonly force?: boolean;
  readonly skip?: (path: string) => boolean;
}

function planned(
  view: View,
  names: readonly string[],
  { depends = 'needed', wanted = [], force = false, skip = () => false }: Asked = {},
) {
  const owned = ownAsRoot(view, process.getuid!());
  const known = databaseOf(owned)!;
  return planPackages({
    view: owned,
    known,
    named: namedPackages(known, names, force),
    depends,
    wanted: new Set(wanted),
    name: 'app',
    prefix: '/usr/local/app',
    skip,
  });
}

const pathsOf = ({ paths }: PackagePlan) => paths.map(({ path }) => path);
const UNNAMED = 'left out: no line of tmpfiles.d can name it. Create it on the host if it is needed.';
const said = ({ remarks }: PackagePlan, code: string) =>
  remarks.filter(remark => remark.code === code).map(({ file, message }) => `${file} ${message}`);

/** The lines of a file that the plan writes. */
function textOf({ files }: PackagePlan, target: string): string[] | undefined {
  const content = files.find(file => file.target === target)?.content;
  return content?.kind === 'text' ? content.text.trimEnd().split('\n') : undefined;
}

describe('the files of a package', () => {
  const files: Files = {
    '/usr/bin/app': app,
    '/usr/lib/app/helper': app,
    '/usr/share/app/data': { text: '' },
    '/usr/share/app/plugins': { directory: true },
    '/opt/app/bin/tool': script('/bin/sh'),
    '/usr/share/doc/app/copyright': { text: '' },
    '/usr/share/man/man1/app.1.gz': { text: '' },
    '/usr/share/locale/de/LC_MESSAGES/app.mo': { text: '' },
    '/usr/include/app.h': { text: '' },
    '/usr/lib/x86_64-linux-gnu/libapp.a': { text: '' },
    '/etc/init.d/app': { text: '' },
    '/boot/app': { text: '' },
  };

  it('keep their places, without documentation, translations and headers', () => {
    const plan = planned(rootWith({ app: { files } }), ['app']);
    expect(plan.paths.map(({ path, is }) => `${path} ${is}`)).toEqual([
      '/opt/app/bin/tool program',
      '/usr/bin/app program',
      '/usr/lib/app/helper resource',
      '/usr/share/app/data resource',
      '/usr/share/app/plugins resource',
    ]);
    expect(said(plan, 'package-files')).toEqual([
      'app /boot/app left out: an extension brings only /usr and /opt, and defaults of /etc and /var',
    ]);
  });

  it.each<[Extra, readonly string[]]>([
    ['docs', ['/usr/share/doc/app/copyright']],
    ['man', ['/usr/share/man/man1/app.1.gz']],
    ['locales', ['/usr/share/locale/de/LC_MESSAGES/app.mo']],
    ['headers', ['/usr/include/app.h', '/usr/lib/x86_64-linux-gnu/libapp.a']],
  ])('include %s if they are wanted', (extra, more) => {
    const view = rootWith({ app: { files } });
    const without = new Set(pathsOf(planned(view, ['app'])));
    const paths = pathsOf(planned(view, ['app'], { wanted: [extra] }));
    expect(paths.filter(path => !without.has(path))).toEqual(more);
  });

  it('become entries in directories of programs, scripts too, and links among them lead to the tree', () => {
    const view = rootWith(
      {
        app: {
          files: {
            '/usr/bin/app': app,
            '/usr/bin/other': { link: '../lib/app/other' },
            '/usr/lib/app/other': app,
            '/usr/lib/app/helper': app,
            '/usr/bin/script': script('/bin/sh'),
            '/usr/bin/data': { text: 'no program' },
          },
        },
      },
      {
        '/usr/bin/editor': { link: '/etc/alternatives/editor' },
        '/etc/alternatives/editor': { link: '/usr/bin/app' },
        '/usr/bin/pager': { link: '/etc/alternatives/pager' },
        '/etc/alternatives/pager': { link: '/usr/bin/less' },
        '/usr/bin/less': app,
      },
    );
    const plan = planOf(view, [], { packages: planned(view, ['app']) });
    expect([...plan.entries].sort()).toEqual([
      '/usr/bin/app',
      '/usr/bin/editor',
      '/usr/bin/other',
      '/usr/bin/script',
    ]);
    expect(plan.files.find(({ target }) => target === '/usr/lib/app/helper')?.role).toBe('program');
    expect(holds(plan, '/usr/bin')).toEqual([
      '/usr/bin/app',
      '/usr/bin/data',
      '/usr/bin/editor -> app',
      '/usr/bin/other -> ../lib/app/other',
      '/usr/bin/script',
    ]);
  });

  it('keep a link to a directory whose files are in the tree', () => {
    const view = rootWith({
      app: {
        files: {
          '/usr/bin/app': app,
          '/usr/share/app/profiles': { link: '../color/app' },
          '/usr/share/color/app/gray.icc': { text: '' },
        },
      },
    });
    const plan = planOf(view, [], { packages: planned(view, ['app']) });
    expect(holds(plan, '/usr/share')).toEqual([
      '/usr/share/app/profiles -> ../color/app',
      '/usr/share/color/app/gray.icc',
    ]);
  });

  it('do not shadow libraries of the host, unless a package of libraries is named', () => {
    const library = { soname: 'libapp.so.1' };
    const view = rootWith({
      app: { files: { '/usr/bin/app': app, '/usr/lib/libapp.so.1': library, '/usr/lib/app/x.so': library } },
      libapp2: { files: { '/usr/lib/libapp.so.2': library } },
    });
    expect(pathsOf(planned(view, ['app']))).toEqual(['/usr/bin/app', '/usr/lib/app/x.so']);
    expect(pathsOf(planned(view, ['libapp2']))).toEqual(['/usr/lib/libapp.so.2']);
  });

  it('that the root lacks are named, and a directory that is a link in the root is none', () => {
    const view = rootWith({ app: { files: { '/usr/bin/app': app } } });
    const known = databaseOf(view)!;
    const listed = {
      ...known,
      filesOf: () => ['/bin', '/lib', '/lib/app', '/usr/bin/app', '/usr/share/app/gone'],
    };
    const plan = planPackages({
      view,
      known: listed,
      named: listed.packages,
      depends: 'none',
      wanted: new Set(),
      name: 'app',
      prefix: '/usr/local/app',
      skip: () => false,
    });
    expect(pathsOf(plan)).toEqual(['/usr/bin/app']);
    expect(said(plan, 'package-files')).toEqual([
      'app the root lacks /lib/app, /usr/share/app/gone of the package',
    ]);
  });
});

it('in Flatwrap mode, the host gets wrappers and units, and the view shows the rest, with links to files of /etc that the host keeps', () => {
  const view = rootWith(
    {
      app: {
        files: {
          '/usr/bin/app': app,
          '/usr/lib/app/helper': app,
          '/usr/share/app/data': { text: '' },
          '/usr/share/app/config': { link: '/etc/app.conf' },
          '/usr/share/applications/app.desktop': { text: '' },
          '/etc/app.conf': { text: '' },
        },
      },
    },
    { '/usr/bin/unshare': program({ data: '--map-user\0--map-group\0' }) },
  );
  const plan = wrapPlanOf(view, [], { request: { packages: planned(view, ['app']) } });
  expect(plan.entries).toEqual(['/usr/bin/app']);
  const targets = plan.files.map(({ target }) => target);
  expect(targets).toContain('/usr/share/applications/app.desktop');
  expect(targets).toContain('/usr/share/factory/etc/app.conf');
  expect(targets).toContain('/usr/local/app/usr/share/app/data');
  expect(targets).toContain('/usr/local/app/usr/lib/app/helper');
  expect(textAt(plan, '/usr/lib/app/helper')).toContain('in its own view');
  expect(holds(plan, '/usr/local/app/usr/share/app')).toContain(
    '/usr/local/app/usr/share/app/config -> /etc/app.conf',
  );
  expect(targets).not.toContain('/usr/local/app/etc/app.conf');
});

it('in Flatwrap mode, only the view has the interpreter of scripts, and programs of one package can start helpers of another', () => {
  const view = rootWith(
    {
      app: {
        fields: 'Depends: perl-base, client\nRecommends: unselected\n',
        files: {
          '/usr/bin/app': script('/usr/bin/perl'),
          '/usr/lib/app/1/server': {
            elf: program({ data: '/usr/lib/client/1/bin/client\0/usr/bin/tool\0/usr/lib/own/tool\0' }),
            mode: 0o755,
          },
          '/usr/bin/client': { link: '../share/client/start' },
        },
      },
      'perl-base': { fields: 'Essential: yes\n', files: { '/usr/bin/perl': app } },
      client: {
        files: {
          '/usr/lib/client/1/bin/client': app,
          '/usr/share/client/start': script('/usr/bin/perl'),
          '/usr/bin/tool': app,
        },
      },
      unselected: { files: { '/usr/lib/own/tool': app } },
    },
    { '/usr/bin/unshare': program({ data: '--map-user\0--map-group\0' }) },
  );
  const plan = wrapPlanOf(view, [], {
    request: { packages: planned(view, ['app']), needs: 'recommended' },
  });
  expect(plan.entries).toEqual(['/usr/bin/app', '/usr/bin/client']);
  const targets = plan.files.map(({ target }) => target);
  expect(targets).toContain('/usr/local/app/usr/bin/perl');
  expect(targets).not.toContain('/usr/bin/perl');
  expect(plan.remarks.map(({ code }) => code)).not.toContain('replaces-interpreter');
  expect(textAt(plan, '/usr/lib/client/1/bin/client')).toContain('in its own view');
  // names in PATH are the host's, and programs of other packages are nobody's to start
  for (const path of ['/usr/bin/tool', '/usr/lib/own/tool']) {
    expect(targets).toContain(`/usr/local/app${path}`);
    expect(targets).not.toContain(path);
  }
});

it('names files of /etc that no line of tmpfiles.d can name, instead of leaving them out in silence', () => {
  const odd = '/etc/app/a\u0001b';
  const view = rootWith({ app: { files: { [odd]: { text: '' }, '/etc/app/good': { text: '' } } } });
  const plan = planned(view, ['app']);
  expect(plan.files.map(({ target }) => target)).toContain('/usr/share/factory/etc/app/good');
  expect(said(plan, 'package-unnamed')).toEqual([`${odd} ${UNNAMED}`]);
});

describe('the dependencies of a package', () => {
  const view = () =>
    rootWith({
      app: {
        fields: 'Depends: app-data, libc6, tools, perl:any, python3-http, virtual',
        files: { '/usr/bin/app': script('/usr/bin/perl') },
      },
      'app-data': { fields: 'Source: app', files: { '/usr/share/app/data': { text: '' } } },
      libc6: { fields: 'Essential: yes', files: {} },
      tools: { files: { '/usr/bin/ip': app } },
      perl: { fields: 'Depends: perl-base', files: { '/usr/share/perl/x.pm': { text: '' } } },
      'perl-base': { fields: 'Essential: yes', files: { '/usr/bin/perl': app } },
      'python3-http': { files: { '/usr/lib/python3/dist-packages/http.py': { text: '' } } },
      other: { fields: 'Provides: virtual', files: { '/usr/share/other/data': { text: '' } } },
    });

  it('come along where the source, the interpreter or a link shows that they are needed', () => {
    const plan = planned(view(), ['app']);
    expect(said(plan, 'package-along')).toEqual([
      'app brings along perl, perl-base, to which /usr/bin/app leads',
      'app brings along app-data, built from the same source',
    ]);
    expect(said(plan, 'package-left-out')).toEqual([
      'app depends on python3-http, tools, which are not brought: no program or link leads there. To bring one, add --package python3-http; --depends all brings every dependency.',
    ]);
  });

  it('come along without evidence with “all”, except for the base system, and not at all with “none”', () => {
    const all = planned(view(), ['app'], { depends: 'all' });
    expect(pathsOf(all)).toContain('/usr/share/other/data');
    expect(pathsOf(all)).toContain('/usr/bin/ip');
    expect(pathsOf(planned(view(), ['app'], { depends: 'none' }))).toEqual(['/usr/bin/app']);
  });

  it('come along if they contain modules for the interpreter of a program', () => {
    const http = rootWith({
      http: { fields: 'Depends: python3-http', files: { '/usr/bin/http': script('/usr/bin/python3') } },
      'python3-http': {
        fields: 'Depends: python3-url',
        files: { '/usr/lib/python3/dist-packages/http.py': { text: '' } },
      },
      'python3-url': { files: { '/usr/lib/python3/dist-packages/url.py': { text: '' } } },
      python3: { files: { '/usr/bin/python3': app } },
    });
    expect(pathsOf(planned(http, ['http']))).toEqual([
      '/usr/bin/http',
      '/usr/lib/python3/dist-packages/http.py',
      '/usr/lib/python3/dist-packages/url.py',
    ]);
  });

  it('are brought if an object or a shell script runs the program after which they are named', () => {
    const shell = { text: '#!/bin/sh\nstart() { jail --on; mover --on; }\n', mode: 0o755 };
    const services = rootWith({
      app: {
        fields: 'Depends: firewall, dnsmasq-base, jail, movers',
        files: {
          '/usr/lib/app/net.so': { elf: { data: 'firewall\0not dnsmasq\0' }, mode: 0o644 },
          '/usr/lib/app/hook': shell,
        },
      },
      firewall: { files: { '/usr/sbin/firewall': app, '/usr/lib/firewall/rules': { text: '' } } },
      'dnsmasq-base': { files: { '/usr/sbin/dnsmasq': app } },
      jail: { files: { '/usr/bin/jail': app } },
      movers: { files: { '/usr/bin/mover': app } },
      dash: { fields: 'Essential: yes\n', files: { '/usr/bin/sh': app } },
    });
    const plan = planned(services, ['app']);
    expect(pathsOf(plan)).toEqual([
      '/usr/lib/app/hook',
      '/usr/lib/app/net.so',
      '/usr/bin/jail',
      '/usr/lib/firewall/rules',
      '/usr/sbin/firewall',
    ]);
    expect(said(plan, 'package-left-out')).toEqual([
      expect.stringContaining('app depends on dnsmasq-base, movers, which are not brought'),
    ]);
  });

  it('come along for a language that only another dependency shows', () => {
    const ruby = rootWith({
      ruby: { fields: 'Depends: gems, ruby3', files: { '/usr/bin/ruby': { link: 'ruby3' } } },
      gems: { files: { '/usr/lib/ruby/vendor_ruby/rubygems.rb': { text: '' } } },
      ruby3: { files: { '/usr/bin/ruby3': app, '/usr/lib/ruby/3/json.rb': { text: '' } } },
    });
    expect(pathsOf(planned(ruby, ['ruby']))).toContain('/usr/lib/ruby/vendor_ruby/rubygems.rb');
  });

  it('bring only those programs to which files of the packages lead', () => {
    const tools = rootWith({
      app: {
        fields: 'Depends: python3, app-tools',
        files: { '/usr/bin/app': script('/usr/bin/python3'), '/usr/bin/edit': { link: 'pdb3' } },
      },
      'app-tools': { fields: 'Source: app', files: { '/usr/bin/app-tool': app } },
      python3: {
        fields: 'Source: py\nDepends: python3-debugger',
        files: {
          '/usr/bin/python3': { link: 'python3.11' },
          '/usr/bin/pydoc3': script('/usr/bin/python3.9'),
          '/usr/bin/python3.9': app,
        },
      },
      'python3-real': { fields: 'Source: py', files: { '/usr/bin/python3.11': app, '/usr/bin/idle3': app } },
      'python3-debugger': {
        fields: 'Source: py\nDepends: python3-real',
        files: {
          '/usr/bin/pdb3': app,
          '/usr/lib/python3.11/pdb.py': { text: '' },
          '/usr/share/applications/pdb.desktop': { text: '' },
        },
      },
    });
    const programs = (depends: Depends) =>
      pathsOf(planned(tools, ['app'], { depends })).filter(path => path.startsWith('/usr/bin/'));
    expect(programs('needed').sort()).toEqual(
      ['app', 'app-tool', 'edit', 'pdb3', 'python3', 'python3.11'].map(name => `/usr/bin/${name}`),
    );
    expect(pathsOf(planned(tools, ['app'])).filter(path => path.includes('pdb'))).toEqual([
      '/usr/bin/pdb3',
      '/usr/lib/python3.11/pdb.py',
    ]);
    expect(programs('all')).toEqual(expect.arrayContaining(['/usr/bin/pydoc3', '/usr/bin/idle3']));
  });

  it('leave nothing where programs of the host would find it, if the tree has it in private', () => {
    const modules = '/usr/lib/x86_64-linux-gnu/perl-base';
    const root = rootWith({
      app: { fields: 'Depends: perl-base', files: { '/usr/bin/app': script('/usr/bin/perl') } },
      'perl-base': {
        fields: 'Source: perl\nEssential: yes',
        files: {
          '/usr/bin/perl': { elf: program({ data: `${modules}\0` }), mode: 0o755 },
          [`${modules}/strict.pm`]: { text: '' },
          [`${modules}/auto/Cwd/Cwd.so`]: { needed: ['libc.so.6'] },
        },
      },
    });
    const plan = planOf(root, [], { packages: planned(root, ['app']) });
    expect(holds(plan).filter(path => path.includes('perl'))).toEqual([
      '/usr/local/app/bin/perl',
      '/usr/local/app/lib/perl-base/auto/Cwd/Cwd.so',
      '/usr/local/app/lib/perl-base/strict.pm',
    ]);
  });

  it('are named with the package that the user named and that leads to them', () => {
    const root = rootWith({
      one: { fields: 'Depends: one-data', files: { '/usr/bin/one': app } },
      'one-data': { fields: 'Source: one', files: { '/usr/share/one/data': { text: '' } } },
      two: { fields: 'Depends: two-data', files: { '/usr/bin/two': app } },
      'two-data': { fields: 'Source: two\nDepends: tools', files: { '/usr/share/two/data': { text: '' } } },
      tools: { files: { '/usr/bin/ip': app } },
    });
    const plan = planned(root, ['one', 'two']);
    expect(said(plan, 'package-along')).toEqual([
      'one brings along one-data, built from the same source',
      'two brings along two-data, built from the same source',
    ]);
  });

  it('are named once if a package from the same source as a named one leaves them out', () => {
    const tools = '/usr/bin/ip';
    const root = rootWith({
      app: { fields: 'Depends: app-network, app-storage', files: { '/usr/bin/app': app } },
      'app-network': { fields: 'Source: app\nDepends: tools', files: { '/usr/bin/app-network': app } },
      'app-storage': { fields: 'Source: app\nDepends: tools', files: { '/usr/bin/app-storage': app } },
      tools: { files: { [tools]: app } },
    });
    expect(said(planned(root, ['app']), 'package-left-out')).toEqual([
      'app-network depends on tools, which is not brought: no program or link leads there. To bring it, add --package tools; --depends all brings every dependency.',
    ]);
  });

  it('stand for a package that has no files', () => {
    const meta = rootWith({
      meta: { fields: 'Depends: a, b | c', files: {} },
      a: { files: { '/usr/bin/a': app } },
      c: { files: { '/usr/bin/c': app } },
    });
    const plan = planned(meta, ['meta']);
    expect(pathsOf(plan)).toEqual(['/usr/bin/a', '/usr/bin/c']);
    expect(said(plan, 'package-files')).toEqual([
      'meta has no files of its own, so that its dependencies stand for it',
    ]);
  });

  it('never include the system manager, the bus or the C library', () => {
    const host = rootWith({
      app: { fields: 'Depends: systemd, dbus, libc6', files: { '/usr/bin/app': app } },
      systemd: { fields: 'Source: systemd', files: { '/usr/lib/systemd/systemd': app } },
      dbus: { files: { '/usr/bin/dbus-daemon': app } },
      libc6: { fields: 'Source: glibc', files: { '/usr/lib/libc.so.6': { soname: 'libc.so.6' } } },
    });
    expect(pathsOf(planned(host, ['app'], { depends: 'all' }))).toEqual(['/usr/bin/app']);
    expect(said(planned(host, ['app']), 'package-left-out')).toEqual([]);
  });

  it('never include parts of the host that a package without files stands for, or that share its source', () => {
    const host = rootWith({
      virt: {
        fields: 'Source: virt\nDepends: virt-systemd, virt-base, busybox-binsh',
        files: { '/usr/bin/virt': app },
      },
      'virt-systemd': { fields: 'Source: virt\nDepends: systemd-container, bash', files: {} },
      'virt-base': { fields: 'Source: virt\nEssential: yes', files: { '/usr/bin/base': app } },
      'systemd-container': { fields: 'Source: systemd', files: { '/usr/bin/systemd-nspawn': app } },
      bash: { fields: 'Depends: coreutils', files: { '/usr/bin/bash': app } },
      'busybox-binsh': { fields: 'Source: busybox', files: { '/usr/bin/sh': app } },
      coreutils: { files: { '/usr/bin/ls': app } },
    });
    expect(pathsOf(planned(host, ['virt']))).toEqual(['/usr/bin/virt']);
    expect(pathsOf(planned(host, ['virt'], { depends: 'all' }))).toEqual(['/usr/bin/virt']);
    expect(pathsOf(planned(host, ['busybox-binsh']))).toEqual(['/usr/bin/sh']);
  });

  it('bring modules of an interpreter, but the interpreter only where a script names it', () => {
    const packages = (interpreter: string): View =>
      rootWith({
        vim: {
          fields: 'Depends: libperl, tool',
          files: { '/usr/bin/vim': app, '/usr/share/perl5/Vim.pm': { text: '' } },
        },
        tool: { fields: 'Source: vim', files: { '/usr/lib/vim/tool': script(interpreter) } },
        libperl: {
          fields: 'Source: perl\nDepends: perl-base, perl-modules',
          files: { '/usr/lib/x86_64-linux-gnu/perl/5.36/IO.pm': { text: '' } },
        },
        'perl-modules': {
          fields: 'Source: perl',
          files: { '/usr/share/perl/5.36/strict.pm': { text: '' }, '/usr/bin/perl5.36': app },
        },
        'perl-base': { fields: 'Source: perl\nEssential: yes', files: { '/usr/bin/perl': app } },
      });
    const modules = ['/usr/lib/x86_64-linux-gnu/perl/5.36/IO.pm', '/usr/share/perl/5.36/strict.pm'];
    const without = planned(packages('/bin/sh'), ['vim']);
    expect(pathsOf(without)).toEqual(expect.arrayContaining(modules));
    expect(pathsOf(without).filter(path => path.includes('bin/perl'))).toEqual([]);
    expect(said(without, 'replaces-interpreter')).toEqual([]);
    const named = planned(packages('/usr/bin/perl5.36'), ['vim']);
    expect(pathsOf(named).filter(path => path.includes('bin/perl'))).toEqual(['/usr/bin/perl5.36']);
    expect(said(named, 'replaces-interpreter')).toEqual([
      '/usr/bin/perl5.36 replaces the one of the host while the extension is merged, because /usr/lib/vim/tool names it',
    ]);
  });

  it('are not said to be useless where a remark about a script names their interpreter', () => {
    const root = rootWith({
      git: {
        fields: 'Depends: perl, kmod, tools',
        files: { '/usr/bin/git': app, '/usr/lib/git-core/add': script('/usr/bin/perl') },
      },
      perl: { files: { '/usr/bin/perldoc': app } },
      'perl-base': { fields: 'Source: perl\nEssential: yes', files: { '/usr/bin/perl': app } },
      kmod: { files: { '/usr/bin/kmod': app } },
      tools: { files: { '/usr/bin/ip': app } },
    });
    const packages = planned(root, ['git']);
    expect(said(packages, 'package-left-out')).toEqual([
      'git depends on tools, which is not brought: no program or link leads there. To bring it, add --package tools; --depends all brings every dependency.',
    ]);
    const about = planOf(root, [], { packages }).remarks.filter(({ code }) => code === 'script');
    expect(about.map(({ message }) => message)).toEqual([expect.stringContaining('or add --package perl,')]);
  });

  it.each([
    ['python3', '/usr/bin/python3', 'python3-minimal'],
    ['the package that has it', '/usr/bin/tcl', 'tcl8'],
  ])('are advised by the name of the interpreter, or else of its package: %s', (_, interpreter, owner) => {
    const root = rootWith({
      tool: { files: { '/usr/bin/tool': app, '/usr/lib/tool/helper': script(interpreter) } },
      python3: { fields: 'Depends: python3-minimal', files: { '/usr/bin/pydoc3': app } },
      [owner]: { files: { [interpreter]: app } },
    });
    const { remarks } = planOf(root, [], { packages: planned(root, ['tool']) });
    const advised = interpreter === '/usr/bin/python3' ? 'python3' : owner;
    expect(remarks.find(({ code }) => code === 'script')?.message).toContain(`or add --package ${advised},`);
  });

  it('end although packages depend on each other', () => {
    const circle = rootWith({
      a: { fields: 'Depends: b', files: { '/usr/bin/a': app } },
      b: { fields: 'Depends: a', files: { '/usr/bin/b': app } },
    });
    expect(pathsOf(planned(circle, ['a'], { depends: 'all' }))).toEqual(['/usr/bin/a', '/usr/bin/b']);
  });
});

describe('a package that consists of documentation', () => {
  it('is refused, unless its documentation is wanted', () => {
    const view = rootWith({ 'app-doc': { files: { '/usr/share/doc/app/index.html': { text: '' } } } });
    expect(refusal(() => planned(view, ['app-doc']))).toEqual({
      kind: 'input',
      code: 'empty-package',
      message: 'app-doc contains nothing that an extension can bring',
    });
    expect(pathsOf(planned(view, ['app-doc'], { wanted: ['docs'] }))).toEqual([
      '/usr/share/doc/app/index.html',
    ]);
  });
});

describe('a package that every host has', () => {
  it.each([
    ['libc6', 'Source: glibc', 'the programs of the host would load a C library of another release'],
    [
      'udev',
      'Source: systemd',
      'units and programs of another release would replace those of the running system manager and message bus',
    ],
    ['bash', '', 'the scripts and services of the host would run the programs of the extension'],
    ['sed', 'Essential: yes', 'the scripts and services of the host would run the programs of the extension'],
    ['apt', '', 'the package manager of another release would work on the database of the host'],
    ['grub-common', 'Source: grub2', 'the kernel and what boots it run before an extension is merged'],
  ])('is refused, as %s is, and with --force it is brought with a remark', (name, fields, reason) => {
    const view = rootWith({ [name]: { fields, files: { '/usr/bin/it': app } } });
    expect(refusal(() => planned(view, [name]))).toEqual({
      kind: 'input',
      code: 'host-package',
      message: `${name} is part of every host: ${reason}`,
    });
    const forced = planned(view, [name], { force: true });
    expect(pathsOf(forced)).toEqual(['/usr/bin/it']);
    expect(said(forced, 'package-of-host')).toEqual([`${name} ${reason}`]);
  });

  it('is not every package of a source that such a package is built from', () => {
    const view = rootWith({
      'uuid-runtime': { fields: 'Source: util-linux', files: { '/usr/bin/uuidgen': app } },
    });
    expect(pathsOf(planned(view, ['uuid-runtime']))).toEqual(['/usr/bin/uuidgen']);
  });
});

describe('a package that is not installed', () => {
  it('is refused with the names that resemble it', () => {
    const view = rootWith({ 'nginx-common': {}, ngnix: {}, vim: {} });
    expect(refusal(() => planned(view, ['nginx']))).toEqual({
      kind: 'input',
      code: 'no-package',
      message: 'no package nginx is installed in the root',
    });
    try {
      planned(view, ['nginx']);
    } catch (error) {
      expect((error as { fix: string }).fix).toBe(
        'Installed packages with similar names: ngnix, nginx-common.',
      );
    }
  });
});

describe('the state of a package', () => {
  describe('that a service of PAM includes', () => {
    const service = (includes: string, more: Files = {}) =>
      rootWith(
        {
          app: { files: { '/usr/bin/app': app, '/etc/pam.d/app': { text: includes } } },
        },
        more,
      );
    const policy = {
      '/etc/pam.d/common-auth': { text: 'auth required pam_unix.so\nauth substack common-more\n' },
      '/etc/pam.d/common-more': { link: '/etc/authselect/more' },
      '/etc/authselect/more': { text: 'auth required pam_permit.so\n' },
    };

    it('comes along as a default, with what it includes itself, and a remark says that it decides', () => {
      const plan = planned(service('@include common-auth\n', policy), ['app']);
      expect(textOf(plan, '/usr/lib/tmpfiles.d/flix-app.conf')).toEqual([
        'C /etc/authselect/more :0644 :root :root - /usr/share/factory/etc/authselect/more',
        'C /etc/pam.d/app :0644 :root :root - /usr/share/factory/etc/pam.d/app',
        'C /etc/pam.d/common-auth :0644 :root :root - /usr/share/factory/etc/pam.d/common-auth',
        'L /etc/pam.d/common-more - - - - /etc/authselect/more',
      ]);
      expect(said(plan, 'pam-include')).toEqual([
        '/etc/pam.d/app includes common-auth, common-more. A host that has no such file in /etc/pam.d gets that of the root, which then decides who may log in. Check whether such hosts should have this policy; --exclude /etc/pam.d/common-auth leaves a file out.',
      ]);
    });

    it('is named if the root lacks it, or the user leaves it out', () => {
      const lacks =
        '/etc/pam.d/app includes common-auth, which the tree does not bring: on a host without it in /etc/pam.d, the service refuses logins. Such hosts need an /etc/pam.d/app of their own.';
      expect(said(planned(service('session include common-auth\n'), ['app']), 'pam-include')).toEqual([
        lacks,
      ]);
      const excluded = planned(service('-auth substack common-auth\n', policy), ['app'], {
        skip: path => path === '/etc/pam.d/common-auth',
      });
      expect(said(excluded, 'pam-include')).toEqual([lacks]);
      expect(textOf(excluded, '/usr/lib/tmpfiles.d/flix-app.conf')).toHaveLength(1);
    });

    it('is not brought twice if a package brings it', () => {
      const view = rootWith({
        app: {
          files: {
            '/usr/bin/app': app,
            '/etc/pam.d/app': { text: 'session include app-more\naccount required pam_unix.so\n' },
            '/etc/pam.d/app-more': { text: 'session optional pam_systemd.so\n' },
          },
        },
      });
      expect(said(planned(view, ['app']), 'pam-include')).toEqual([]);
    });

    it('comes along with the configuration that its modules name', () => {
      const view = rootWith(
        {
          app: {
            files: {
              '/usr/bin/app': app,
              '/etc/pam.d/app': { text: 'session [default=ok] pam_limits.so\n@include common-auth\n' },
            },
          },
        },
        {
          '/etc/pam.d/common-auth': { text: '-auth required /lib/security/pam_env.so\n' },
          '/usr/lib/x86_64-linux-gnu/security/pam_limits.so': {
            data: '\0/etc/security/limits.conf\0/etc/security/opasswd\0',
          },
          '/usr/lib/x86_64-linux-gnu/security/pam_env.so': {
            data: '\0/etc/security/pam_env.conf\0/etc/other\0',
          },
          '/usr/lib/x86_64-linux-gnu/security/pam_time.so': { data: '\0/etc/security/time.conf\0' },
          '/etc/security/limits.conf': { text: '' },
          '/etc/security/pam_env.conf': { text: '' },
          '/etc/security/time.conf': { text: '' },
          '/etc/security/opasswd': { text: 'secret', mode: 0o600 },
          '/etc/other': { text: '' },
        },
      );
      const lines = textOf(planned(view, ['app']), '/usr/lib/tmpfiles.d/flix-app.conf');
      expect(lines?.map(line => line.split(' ')[1])).toEqual([
        '/etc/pam.d/app',
        '/etc/pam.d/common-auth',
        '/etc/security/limits.conf',
        '/etc/security/pam_env.conf',
      ]);
    });

    it('may include itself', () => {
      const plan = planned(
        service('@include a\n', { '/etc/pam.d/a': { text: '@include a\n@include app\n' } }),
        ['app'],
      );
      expect(textOf(plan, '/usr/lib/tmpfiles.d/flix-app.conf')).toHaveLength(2);
    });
  });

  const passwd =
    'root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:The "web":/var/www:/bin/false\nme:x:1000:1000::/:/bin/sh\n';
  const view = () =>
    rootWith(
      {
        app: {
          files: {
            '/usr/sbin/app': app,
            '/etc/app/app.conf': { text: '# user news;\nuser www;\n' },
            '/etc/app/with space': { text: '' },
            '/etc/app/current': { link: '/etc/app/app.conf' },
            '/etc/app/conf.d': { directory: true },
            '/var/lib/app': { directory: true, mode: 0o750 },
            '/var/lib/app/db': { text: '' },
            '/var/log/app': { directory: true },
            '/usr/lib/systemd/system/app.service': {
              text: '[Service]\nExecStart=/usr/sbin/app\nSupplementaryGroups=tty\n[Install]\nWantedBy=multi-user.target\n',
            },
            '/usr/lib/systemd/system/app.socket': {
              text: '[Socket]\nListenStream=/run/app\n[Install]\nWantedBy=sockets.target\n',
            },
          },
          postinst:
            'adduser --system app\nln -s a b\n# Automatically added by dh_installinit/13\nchown x\n# End automatically added section\n',
        },
      },
      {
        '/etc/passwd': { text: `${passwd}app:x:101:101::/nonexistent:/bin/false\nnews:x:9:9::/:/bin/sh\n` },
        '/etc/group': { text: 'root:x:0:\ntty:x:5:\nwww:x:33:app\nadm:x:4:\n' },
        '/etc/systemd/system/multi-user.target.wants/app.service': {
          link: '/usr/lib/systemd/system/app.service',
        },
        '/etc/systemd/system/app-alias.service': { link: '/usr/lib/systemd/system/app.service' },
        '/etc/app/made-link': { link: 'app.conf' },
        '/etc/app/key': { text: 'secret' },
      },
    );

  it('becomes factory files and lines of tmpfiles.d', () => {
    const plan = planned(view(), ['app']);
    expect(textOf(plan, '/usr/lib/tmpfiles.d/flix-app.conf')).toEqual([
      'C "/etc/app/with space" :0644 :root :root - /usr/share/factory/etc/app/with\\x20space',
      'C /etc/app/app.conf :0644 :root :root - /usr/share/factory/etc/app/app.conf',
      'C /var/lib/app/db :0644 :root :root - /usr/share/factory/var/lib/app/db',
      'L /etc/app/current - - - - /etc/app/app.conf',
      'L /etc/app/made-link - - - - app.conf',
      'd /etc/app/conf.d :0755 :root :root -',
      'd /var/lib/app :0750 :root :root -',
      'd /var/log/app :0755 :root :root -',
    ]);
    expect(plan.files.map(({ target }) => target)).toContain('/usr/share/factory/etc/app/app.conf');
    expect(said(plan, 'package-unlisted')).toEqual([
      '/etc/app contains key, which no package lists: a script of app or the administrator made it. Not brought; copy it to the host if it is needed.',
    ]);
  });

  it('includes directories that its scripts made, with owners, but nothing in them', () => {
    const root = rootWith(
      {
        redis: {
          files: { '/usr/bin/redis': app, '/etc/redis/redis.conf': { text: '' } },
          postinst: 'USER="redis"\nadduser --system ${USER}\n',
        },
        other: { files: { '/var/lib/listed/x': { text: '' } } },
      },
      {
        '/etc/passwd': { text: 'root:x:0:0::/:/bin/sh\nredis:x:102:105::/var/lib/redis:/bin/false\n' },
        '/etc/group': { text: 'root:x:0:\nadm:x:4:\nredis:x:105:\n' },
        '/var/lib/redis/dump': { text: 'data of the administrator' },
        '/var/log/redis': { directory: true },
        '/var/log/apt': { directory: true },
      },
    );
    const redis = { uid: 102, gid: 105 };
    const owned = withOwners(root, {
      '/etc/redis': { ...redis, mode: 0o2770 },
      '/var/lib/redis': { ...redis, mode: 0o750 },
      '/var/log/redis': { ...redis, gid: 4, mode: 0o2750 },
      '/var/lib/listed': redis,
    });
    expect(textOf(planned(owned, ['redis']), '/usr/lib/tmpfiles.d/flix-app.conf')).toEqual([
      'C /etc/redis/redis.conf :0644 :root :root - /usr/share/factory/etc/redis/redis.conf',
      'd /etc/redis 2770 redis redis -',
      'd /var/lib/redis :0750 :redis :redis -',
      'd /var/log/redis :2750 :redis :adm -',
    ]);
    expect(textOf(planned(owned, ['redis']), '/usr/lib/sysusers.d/flix-app.conf')).toEqual([
      'g adm -',
      'u redis - "" /var/lib/redis',
    ]);
  });

  it('names no script whose directories and owners the extension makes, but one of which it makes others', () => {
    const setUp = 'setup () { mkdir -p $1; chown redis:$2 $1; chmod $3 $1; }\n';
    const scripts = (more: string) => {
      const root = rootWith(
        {
          redis: {
            files: { '/usr/bin/redis': app },
            postinst: `adduser --system redis\n${setUp}setup /var/log/redis adm 2750\n${more}`,
          },
        },
        {
          '/etc/passwd': { text: 'root:x:0:0::/:/bin/sh\nredis:x:102:105::/:/bin/false\n' },
          '/etc/group': { text: 'root:x:0:\nadm:x:4:\nredis:x:105:\n' },
          '/var/log/redis': { directory: true },
        },
      );
      const owned = withOwners(root, { '/var/log/redis': { uid: 102, gid: 4, mode: 0o2750 } });
      return said(planned(owned, ['redis']), 'package-script').map(
        text => /it calls ([^.]*)/.exec(text)?.[1],
      );
    };
    expect(scripts('')).toEqual([]);
    expect(scripts('if unknown; then chmod 4755 /usr/bin/redis; fi\n')).toEqual(['chmod']);
    expect(scripts('chown root /var/log/redis\nmkdir $(id)\n')).toEqual(['chown, mkdir']);
    expect(scripts('case (((\n')).toEqual(['chown, chmod, mkdir']);
  });

  it('brings the accounts of units, files and scripts that the root has, and lets the host choose numbers', () => {
    expect(textOf(planned(view(), ['app']), '/usr/lib/sysusers.d/flix-app.conf')).toEqual([
      'g tty -',
      'u www - "The web" /var/www',
      'u app - "" -',
      'm app www',
    ]);
  });

  it('includes accounts that only policies and rules name, and those of the numbers that Debian reserves', () => {
    const root = rootWith(
      {
        virt: {
          files: {
            '/usr/bin/virt': app,
            '/usr/share/dbus-1/system.d/virt.conf': {
              text: '<busconfig><policy user="virt"/><policy group="virtadm"/><policy user="absent"/></busconfig>\n',
            },
            '/usr/share/dbus-1/system-services/virt.service': { text: '[D-BUS Service]\nUser=bus\n' },
            '/usr/lib/udev/rules.d/60-virt.rules': { text: 'KERNEL=="virt", GROUP="disk", OWNER="root"\n' },
          },
          postinst:
            'adduser --system --gecos "Virt daemon,,," \\\n  --home /var/lib/virt \\\n  --ingroup kvm virt-qemu\n',
        },
      },
      {
        '/etc/passwd': {
          text: 'root:x:0:0::/:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nvirt:x:105:105::/var/lib/virt:/bin/bash\nbus:x:106:106::/:/sbin/nologin\nvirt-qemu:x:64055:103::/var/lib/virt:/usr/sbin/nologin\nnobody:x:65534:65534::/:/bin/false\n',
        },
        '/etc/group': {
          text: 'root:x:0:\ndisk:x:6:\nkvm:x:103:\nvirt:x:105:\nvirtadm:x:107:\nvirt-qemu:x:64055:\n',
        },
      },
    );
    expect(textOf(planned(root, ['virt']), '/usr/lib/sysusers.d/flix-app.conf')).toEqual([
      'g disk -',
      'g kvm -',
      'g virtadm -',
      'u virt - "" /var/lib/virt /bin/bash',
      'u bus - "" -',
      'u virt-qemu - "" /var/lib/virt',
      'm virt-qemu kvm',
    ]);
  });

  it('is set up after the merge, before the units, of which those that the root enables start', () => {
    const plan = planned(view(), ['app']);
    const units = '/usr/lib/systemd/system';
    expect(textOf(plan, `${units}/flix-app-setup.service`)?.slice(-4)).toEqual([
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=systemd-sysusers flix-app.conf',
      'ExecStart=-systemd-tmpfiles --create flix-app.conf',
    ]);
    expect(textOf(plan, `${units}/multi-user.target.d/10-flix-app.conf`)).toEqual([
      '[Unit]',
      'Upholds=flix-app-multi-user.target',
    ]);
    expect(textOf(plan, `${units}/flix-app-multi-user.target`)?.slice(-2)).toEqual([
      'Wants=flix-app-setup.service',
      'Wants=app.service',
    ]);
    for (const unit of ['app.service', 'app.socket'])
      expect(textOf(plan, `${units}/${unit}.d/10-flix-app.conf`)).toContain('After=flix-app-setup.service');
    expect(plan.files.find(({ target }) => target === `${units}/app-alias.service`)?.content).toEqual({
      kind: 'link',
      to: 'app.service',
    });
    expect(said(plan, 'package-unit')).toEqual([
      `${units}/app.service starts after the merge with multi-user.target, because the root enables it`,
      `${units}/app.socket does not start by itself, because the root does not enable it. Start it by hand, or enable it in the root and run flix again.`,
    ]);
    expect(plan.remarks.flatMap(({ disabled }) => disabled ?? [])).toEqual(['app.socket']);
  });

  it('lets services start that may execute only certain paths', () => {
    const unit = '/usr/lib/systemd/system/app.service';
    const root = rootWith({
      app: {
        files: {
          '/usr/sbin/app': app,
          [unit]: {
            text: '[Service]\nExecStart=/usr/sbin/app\nNoExecPaths=/\nExecPaths=/usr/sbin/app /usr/lib\n',
          },
        },
      },
    });
    expect(textOf(planned(root, ['app']), `${unit}.d/10-flix-app.conf`)).toEqual([
      '[Service]',
      'ExecPaths=/usr/local/app',
    ]);
  });

  it('does not name a service that an enabled socket starts', () => {
    const install = '[Install]\nWantedBy=multi-user.target\n';
    const log = rootWith(
      {
        log: {
          files: {
            '/usr/bin/log': app,
            '/usr/lib/systemd/system/log.service': { text: `[Service]\nExecStart=/usr/bin/log\n${install}` },
            '/usr/lib/systemd/system/log.socket': { text: `[Socket]\nListenStream=/run/log\n${install}` },
          },
        },
      },
      {
        '/etc/systemd/system/sockets.target.wants/log.socket': { link: '/usr/lib/systemd/system/log.socket' },
      },
    );
    expect(said(planned(log, ['log']), 'package-unit')).toEqual([
      '/usr/lib/systemd/system/log.socket starts after the merge with sockets.target, because the root enables it',
    ]);
  });

  it('names units that start in one way in one remark, with a count', () => {
    const install = (by: string) => ({ text: `[Install]\nWantedBy=${by}\n` });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const root = rootWith(
      {
        many: {
          files: {
            '/usr/bin/many': app,
            ...Object.fromEntries(
              names.flatMap(name => [
                [`/usr/lib/systemd/system/${name}.service`, install('multi-user.target')],
                [`/usr/lib/systemd/system/left-${name}.timer`, install('timers.target')],
              ]),
            ),
          },
        },
      },
      Object.fromEntries(
        names.map(name => [
          `/etc/systemd/system/multi-user.target.wants/${name}.service`,
          { link: `/usr/lib/systemd/system/${name}.service` },
        ]),
      ),
    );
    expect(said(planned(root, ['many']), 'package-unit')).toEqual([
      '/usr/lib/systemd/system a.service, b.service, c.service and 2 more start after the merge with multi-user.target, because the root enables them',
      '/usr/lib/systemd/system left-a.timer, left-b.timer, left-c.timer and 2 more do not start by themselves, because the root does not enable them. Start them by hand, or enable them in the root and run flix again.',
    ]);
  });

  it('makes systemd reload after the merge', () => {
    const root = view();
    const request = { packages: planned(root, ['app']) };
    const release = planOf(root, [], request).files.find(({ target }) =>
      target.endsWith('extension-release.app'),
    );
    expect(release?.content).toMatchObject({ text: expect.stringContaining('EXTENSION_RELOAD_MANAGER=1\n') });
  });

  it('names the scripts that are not run, with what they call apart from sections of debhelper', () => {
    expect(said(planned(view(), ['app']), 'package-script')).toEqual([
      '/var/lib/dpkg/info/app.postinst the postinst script of app is not run; it calls ln. Check whether the programs need what it does.',
    ]);
  });
});

it('a file that the user may not read is named with what to type', () => {
  const root = rootWith({
    app: { files: { '/usr/bin/app': app, '/etc/app.key': { text: '', mode: 0o640 } } },
  });
  const view: View = {
    ...withOwners(root, {}),
    open: path => {
      if (path === '/etc/app.key') throw new ReadFailure('EACCES', path);
      return root.open(path);
    },
  };
  const { message } = refusal(() => planned(view, ['app']));
  expect(message).toBe('this user may not read /etc/app.key');
  expect(pathsOf(planned(root, ['app']))).toEqual(['/usr/bin/app']);
});

it('a program without services or accounts gets no unit', () => {
  const view = rootWith({
    git: { files: { '/usr/bin/git': app, '/etc/bash_completion.d/git': { text: '' } }, postinst: 'exit 0\n' },
  });
  const plan = planned(view, ['git']);
  expect(plan.files.map(({ target }) => target)).toEqual([
    '/usr/share/factory/etc/bash_completion.d/git',
    '/usr/lib/tmpfiles.d/flix-app.conf',
  ]);
  expect(plan.reload).toBe(false);
  expect(said(plan, 'package-script')).toEqual([]);
});
