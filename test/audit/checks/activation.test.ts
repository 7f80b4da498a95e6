import { afterAll, describe, expect, it } from 'vitest';
import { auditOf, briefOf, extension, type Files, host, removeRoots } from '../world.ts';

afterAll(removeRoots);

const SYSTEM = '/usr/lib/systemd/system';
const text = (content: string) => ({ text: content });
const sysext = {
  [`${SYSTEM}/systemd-sysext.service`]: text(
    '[Unit]\nAfter=local-fs.target\nBefore=sysinit.target systemd-tmpfiles-setup.service\n',
  ),
  [`${SYSTEM}/local-fs.target`]: text('[Unit]\nAfter=local-fs-pre.target\n'),
  [`${SYSTEM}/early.service`]: text('[Unit]\nBefore=local-fs.target\n'),
  [`${SYSTEM}/systemd-sysusers.service`]: text('[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n'),
  [`${SYSTEM}/systemd-tmpfiles-setup.service`]: text(
    '[Unit]\nDefaultDependencies=no\nAfter=local-fs.target\n',
  ),
  '/etc/passwd': text('root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n'),
  '/etc/group': text('root:x:0:\nwww-data:x:33:\n'),
};
const found = (kind: string, files: Files, over: Files = {}, release?: string) =>
  briefOf(
    auditOf({
      extensions: { app: extension('app', files, release) },
      hosts: { debian: host(undefined, { ...sysext, ...over }) },
    }).findings,
    `activation/${kind}`,
  );
/** A host whose systemd has a known release. */
const systemd = (version: number) => ({
  [`/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-${version}.so`]: text(''),
});
/** A host whose boot transaction is known. */
const booting = {
  [`${SYSTEM}/default.target`]: { link: 'multi-user.target' },
  [`${SYSTEM}/multi-user.target`]: text('[Unit]\nRequires=basic.target\nWants=login.service\n'),
  [`${SYSTEM}/basic.target`]: text('[Unit]\n'),
  [`${SYSTEM}/login.service`]: text('[Service]\n'),
  [`${SYSTEM}/printer.target`]: text('[Unit]\n'),
};
/** Like Flatcar's. */
const ensure = {
  [`${SYSTEM}/ensure.service`]: text(
    [
      '[Unit]\nAfter=systemd-sysext.service\nDefaultDependencies=no\n',
      '[Service]\nExecStart=systemctl daemon-reload\n',
      'ExecStart=systemctl restart --no-block multi-user.target\n',
    ].join(''),
  ),
};
const unit = (content: string, name = 'app.service') => ({ [`${SYSTEM}/${name}`]: text(content) });
const RELOAD = 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n';
const enabled = { [`${SYSTEM}/multi-user.target.wants/app.service`]: { link: '../app.service' } };
const upheld = {
  [`${SYSTEM}/multi-user.target.d/10-app.conf`]: text('[Unit]\nUpholds=other.service app.service\n'),
};

describe('activation/no-reload', () => {
  it('reports a unit without a reload', () => {
    const finding = ['warning activation/no-reload EXTENSION_RELOAD_MANAGER'];
    expect(found('no-reload', unit('[Service]\n'))).toEqual(finding);
    expect(found('no-reload', upheld, {}, 'ID=_any\nEXTENSION_RELOAD_MANAGER=0\n')).toEqual(finding);
  });

  it('accepts a unit with a reload, and an extension without units', () => {
    expect(found('no-reload', unit('[Service]\n'), {}, RELOAD)).toEqual([]);
    const restarts = 'ID=_any\nEXTENSION_RESTART_UNITS=app.service\n';
    expect(found('no-reload', unit('[Service]\n'), {}, restarts)).toEqual([]);
    expect(found('no-reload', { '/usr/share/app.service': text('[Service]\n') })).toEqual([]);
  });

  it('depends on the host’s systemd, and on what the host does by itself', () => {
    const restarts = 'ID=_any\nEXTENSION_RESTART_UNITS=app.service\n';
    const over = (version: number, release: string, more: Files = {}) =>
      found('no-reload', unit('[Service]\n'), { ...systemd(version), ...more }, release).length;
    expect([over(252, RELOAD), over(255, RELOAD)]).toEqual([1, 0]);
    expect([over(257, restarts), over(261, restarts)]).toEqual([1, 0]);
    expect([over(252, 'ID=_any\n', ensure), over(257, 'ID=_any\n', ensure)]).toEqual([0, 0]);
  });

  it('accepts a unit if another merged extension makes systemd reload', () => {
    const { findings } = auditOf({
      extensions: {
        app: extension('app', unit('[Service]\n')),
        other: extension('other', {}, RELOAD),
      },
      hosts: { debian: host(undefined, sysext) },
    });
    expect(briefOf(findings, 'activation/no-reload')).toEqual([]);
  });
});

describe('activation/late-wants', () => {
  it('reports a link that comes too late', () => {
    expect(found('late-wants', { ...unit('[Service]\n'), ...enabled })).toEqual([
      'warning activation/late-wants app.service',
    ]);
  });

  it('accepts a unit that is upheld, or that another unit of the extension wants', () => {
    expect(found('late-wants', { ...unit('[Service]\n'), ...enabled, ...upheld })).toEqual([]);
    const link = { [`${SYSTEM}/multi-user.target.upholds/app.service`]: { link: '../app.service' } };
    expect(found('late-wants', { ...unit('[Service]\n'), ...enabled, ...link })).toEqual([]);
    const own = { [`${SYSTEM}/main.service.wants/app.service`]: { link: '../app.service' } };
    expect(found('late-wants', { ...unit('[Service]\n'), ...own })).toEqual([]);
  });

  const app = unit('[Service]\n');
  const link = (from: string, how: string, to = 'app.service') => ({
    [`${SYSTEM}/${from}.${how}/${to}`]: { link: `../${to}` },
  });
  const over = (files: Files, more: Files = {}) =>
    found('late-wants', { ...app, ...files }, { ...booting, ...more }).length;

  it('reports units wanted by anything that the host boots, and units upheld by something that does not run', () => {
    expect(over(link('basic.target', 'requires'))).toBe(1);
    expect(over(link('login.service', 'wants'))).toBe(1);
    expect(over({ [`${SYSTEM}/multi-user.target.d/app.conf`]: text('[Unit]\nWants=app.service\n') })).toBe(1);
    const elsewhere = { [`${SYSTEM}/printer.target.d/app.conf`]: text('[Unit]\nUpholds=app.service\n') };
    expect(over({ ...enabled, ...elsewhere })).toBe(1);
  });

  it('accepts a target that starts later, one that runs already, and one that the host restarts', () => {
    expect(over(link('printer.target', 'wants'))).toBe(0);
    const own = { ...unit('[Unit]\n', 'app.target'), ...link('app.target', 'wants') };
    expect(over({ ...own, ...link('multi-user.target', 'upholds', 'app.target') })).toBe(0);
    expect(over({ [`${SYSTEM}/basic.target.d/app.conf`]: text('[Unit]\nWants=login.service\n') })).toBe(0);
    expect(over(enabled, ensure)).toBe(0);
    expect(over(link('basic.target', 'wants'), ensure)).toBe(1);
  });

  it('reports a link in TARGET.upholds, which systemd before 254 ignores', () => {
    const upholds = link('multi-user.target', 'upholds');
    expect([over(upholds, systemd(252)), over(upholds, systemd(254)), over(upholds)]).toEqual([1, 0, 0]);
  });
});

describe('activation/never-started', () => {
  const install = unit('[Service]\n[Install]\nWantedBy=multi-user.target\n');

  it('reports a unit that is meant to be enabled', () => {
    expect(found('never-started', install)).toEqual(['info activation/never-started app.service']);
  });

  it('accepts a unit that the root of its package does not enable, as the manifest says', () => {
    const remark = { code: 'package-unit', file: `${SYSTEM}/app.service`, message: 'does not start' };
    const manifest = (disabled: readonly string[]) => ({
      '/usr/local/app/manifest.json': text(
        JSON.stringify({
          schema: 'flix.manifest/1',
          name: 'app',
          mode: 'flix',
          prefix: '/usr/local/app',
          seal: 'auto',
          entries: [],
          open: [],
          remarks: [{ ...remark, disabled }],
          files: [],
        }),
      ),
    });
    expect(found('never-started', { ...install, ...manifest(['app.service']) })).toEqual([]);
    expect(found('never-started', { ...install, ...manifest(['other.service']) })).toEqual([
      'info activation/never-started app.service',
    ]);
  });

  it('accepts a unit that starts with something that starts later', () => {
    const later = { [`${SYSTEM}/printer.target.d/app.conf`]: text('[Unit]\nUpholds=app.service\n') };
    expect(found('never-started', { ...install, ...later }, booting)).toEqual([]);
  });

  it('accepts a unit that is upheld, that a timer starts, or that has no [Install] section', () => {
    expect(found('never-started', { ...install, ...upheld })).toEqual([]);
    expect(found('never-started', { ...install, ...unit('[Timer]\n', 'app.timer') })).toEqual([]);
    expect(found('never-started', unit('[Service]\n'))).toEqual([]);
    expect(found('never-started', unit('[Install]\nWantedBy=multi-user.target\n', 'app@.service'))).toEqual(
      [],
    );
  });
});

describe('activation/ignored-file', () => {
  it('reports a drop-in, a rule and a preset with a wrong ending', () => {
    const files = {
      [`${SYSTEM}/multi-user.target.d/10-app`]: text('[Unit]\n'),
      '/usr/lib/udev/rules.d/60-app.rule': text(''),
      '/usr/lib/systemd/system-preset/50-app.conf': text(''),
    };
    expect(found('ignored-file', files).sort()).toEqual(
      Object.keys(files)
        .map(path => `warning activation/ignored-file ${path}`)
        .sort(),
    );
  });

  it('accepts the right ending, a README, and a directory of wants', () => {
    const files = {
      ...upheld,
      ...enabled,
      '/usr/lib/udev/rules.d/60-app.rules': text(''),
      '/usr/lib/sysusers.d/README': text(''),
      '/usr/lib/app/conf.d/one': text(''),
    };
    expect(found('ignored-file', files)).toEqual([]);
  });
});

describe('activation/cycle', () => {
  it('reports an order before the service that merges the unit, and an order around it', () => {
    const error = ['error activation/cycle app.service'];
    expect(found('cycle', unit('[Unit]\nBefore=systemd-sysext.service\n'))).toEqual(error);
    const around = '[Unit]\nAfter=systemd-sysext.service\nBefore=';
    expect(found('cycle', unit(`${around}local-fs.target\n`))).toEqual(error);
    expect(found('cycle', unit(`${around}early.service\n`))).toEqual(error);
    expect(found('cycle', unit('[Unit]\nAfter=systemd-sysext.service\n', 'data.mount'))).toEqual([
      'error activation/cycle data.mount',
    ]);
    const inside = { [`${SYSTEM}/systemd-sysext.service.d/x.conf`]: text('[Service]\n') };
    expect(found('cycle', inside)).toEqual(['error activation/cycle systemd-sysext.service']);
  });

  it('reports the same if the order after it is only implied', () => {
    const error = ['error activation/cycle app.service'];
    expect(found('cycle', unit('[Unit]\nBefore=local-fs.target\n'))).toEqual(error);
    const basic = '[Unit]\nDefaultDependencies=no\nAfter=basic.target\nBefore=early.service\n';
    expect(found('cycle', unit(basic))).toEqual(error);
    expect(found('cycle', unit('[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n'))).toEqual([]);
  });

  it('reports a drop-in that makes an early unit of the host wait for the merge', () => {
    const dropIn = unit('[Unit]\nAfter=systemd-sysext.service\n', 'early.service.d/x.conf');
    const simple = {
      [`${SYSTEM}/early.service`]: text('[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n'),
    };
    expect(found('cycle', dropIn, simple)).toEqual(['error activation/cycle early.service']);
  });

  it('accepts a network mount, and a drop-in of the merge service that takes effect after the merge', () => {
    const after = '[Unit]\nAfter=systemd-sysext.service\n[Mount]\n';
    expect(found('cycle', unit(`${after}Type=nfs\n`, 'data.mount'))).toEqual([]);
    expect(found('cycle', unit(`${after}Options=ro,_netdev\n`, 'data.mount'))).toEqual([]);
    expect(found('cycle', unit(`${after}Options=ro\n`, 'data.mount'))).toHaveLength(1);
    const dropIn = (line: string) => ({ [`${SYSTEM}/systemd-sysext.service.d/x.conf`]: text(line) });
    const post = dropIn('[Service]\nExecStartPost=true\n');
    expect(found('cycle', post, {}, RELOAD)).toEqual([]);
    expect(found('cycle', post)).toHaveLength(1);
    expect(found('cycle', dropIn('[Service]\nExecStartPre=true\n'), {}, RELOAD)).toHaveLength(1);
  });

  it('accepts an order after it alone', () => {
    expect(found('cycle', unit('[Unit]\nAfter=systemd-sysext.service local-fs.target\n'))).toEqual([]);
    const late = '[Unit]\n# Before=local-fs.target\nAfter=systemd-sysext.service\nBefore=multi-user.target\n';
    expect(found('cycle', unit(late))).toEqual([]);
    const mount = '[Unit]\nDefaultDependencies=no\nAfter=systemd-sysext.service\n';
    expect(found('cycle', unit(mount, 'data.mount'))).toEqual([]);
  });
});

describe('activation/cannot-start', () => {
  const programs = { '/usr/bin/true': { interp: '/lib64/ld-linux-x86-64.so.2' } };
  const starts = (lines: string, files: Files = {}, over: Files = {}) =>
    found(
      'cannot-start',
      { ...unit(`[Service]\nExecStart=/usr/bin/true\n${lines}`), ...files },
      { ...programs, ...over },
    );

  it('reports an error for a unit that is started, and a warning for one that nothing starts', () => {
    const missing = 'EnvironmentFile=/etc/default/app\n';
    expect(starts(missing)).toEqual(['warning activation/cannot-start /etc/default/app']);
    expect(starts(missing, upheld)).toEqual(['error activation/cannot-start /etc/default/app']);
    expect(starts(missing, { [`${SYSTEM}/app.timer`]: text('[Timer]\n') })).toEqual([
      'error activation/cannot-start /etc/default/app',
    ]);
  });

  it('reports a unit that a condition skips as a warning at most', () => {
    const skipped = '[Unit]\nConditionPathExists=/etc/app\n';
    expect(starts(skipped)).toEqual(['info activation/cannot-start /etc/app']);
    expect(starts(skipped, upheld)).toEqual(['warning activation/cannot-start /etc/app']);
  });

  it('accepts what the host, the extension, tmpfiles.d, the service itself or an earlier unit provides', () => {
    const directory = 'ReadWritePaths=/opt/app\n';
    expect(starts(directory)).toEqual(['warning activation/cannot-start /opt/app']);
    expect(starts(directory, {}, { '/opt/app/file': text('') })).toEqual([]);
    expect(starts('EnvironmentFile=/usr/lib/app\n', { '/usr/lib/app': text('') })).toEqual([]);
    expect(starts(directory, { '/usr/lib/tmpfiles.d/app.conf': text('d /opt/app\n') })).toEqual([]);
    expect(starts('ReadWritePaths=/var/lib/app\nStateDirectory=app\n')).toEqual([]);
    const earlier = unit('[Service]\nExecStart=/usr/bin/true /opt/app\n', 'make.service');
    expect(starts(`${directory}[Unit]\nWants=make.service\nAfter=make.service\n`, earlier)).toEqual([]);
  });

  it('accepts a program in /etc that tmpfiles.d copies there', () => {
    const files = {
      ...unit('[Service]\nExecStart=/etc/app/run\n'),
      '/usr/share/factory/etc/app/run': { text: '#!/bin/sh\n', mode: 0o755 },
      '/usr/lib/tmpfiles.d/app.conf': text('C /etc/app/run\n'),
    };
    expect(found('cannot-start', files, programs)).toEqual([]);
  });

  it('does not take the instance that a template names by a specifier for one that is started', () => {
    const files = {
      ...unit('[Unit]\nAssertPathExists=/etc/app/%I\n[Service]\nExecStart=/usr/bin/true\n', 'app@.service'),
      ...unit('[Unit]\nWants=app@%i.service\n[Service]\nExecStart=/usr/bin/true\n', 'dump@.service'),
    };
    expect(found('cannot-start', files, programs)).toEqual([]);
    const started = unit('[Unit]\nWants=app@main.service\n[Service]\nExecStart=/usr/bin/true\n');
    expect(found('cannot-start', { ...files, ...started }, programs)).toEqual([
      'error activation/cannot-start /etc/app/main',
    ]);
  });

  it('says nothing without a host, about drop-ins of the host, and about specifiers that only the host knows', () => {
    expect(starts('EnvironmentFile=/etc/%m\n')).toEqual([]);
    const onHost = { '/etc/systemd/system/app.service.d/x.conf': text('[Service]\nEnvironmentFile=/nope\n') };
    expect(starts('', {}, onHost)).toEqual([]);
    const files = unit('[Service]\nExecStart=/usr/bin/nope\n');
    const { findings } = auditOf({ extensions: { app: extension('app', files) } });
    expect(briefOf(findings, 'activation/cannot-start')).toEqual([]);
  });
});

describe('activation/unknown-user', () => {
  it('reports accounts of sockets and of tmpfiles.d lines', () => {
    const socket = unit(
      '[Socket]\nListenStream=/run/app\nSocketUser=www-data\nSocketGroup=docker\n',
      'app.socket',
    );
    expect(found('unknown-user', socket)).toEqual(['error activation/unknown-user docker']);
    const tmpfiles = (owner: string) =>
      found('unknown-user', { '/usr/lib/tmpfiles.d/app.conf': text(`d "/var/lib/app" 0755 ${owner}\n`) });
    expect(tmpfiles('app app')).toEqual(['error activation/unknown-user app']);
    expect(tmpfiles('www-data :app')).toEqual(['error activation/unknown-user app']);
    expect(tmpfiles('www-data 4321')).toEqual([]);
  });

  const service = unit('[Service]\nUser=app\nGroup=app\n');

  it('reports a name that nothing creates', () => {
    expect(found('unknown-user', service)).toEqual(['error activation/unknown-user app']);
  });

  it('accepts an account of the host, of a sysusers file, a dynamic one, a known number and a specifier', () => {
    expect(found('unknown-user', unit('[Service]\nUser=www-data\nGroup=www-data\n'))).toEqual([]);
    expect(
      found('unknown-user', { ...service, '/usr/lib/sysusers.d/app.conf': text('u app - "App"\n') }),
    ).toEqual([]);
    expect(found('unknown-user', unit('[Service]\nDynamicUser=yes\nUser=app\n'))).toEqual([]);
    expect(found('unknown-user', unit('[Service]\nUser=%i\nGroup=33\n'))).toEqual([]);
    expect(found('unknown-user', unit('[Service]\nUser=app\nUser=\n'))).toEqual([]);
    const dynamic = unit('[Service]\nDynamicUser=yes\n', 'app.service.d/x.conf');
    expect(found('unknown-user', { ...service, ...dynamic })).toEqual([]);
    const replaced = unit('[Service]\nUser=www-data\nGroup=root\n', 'app.service.d/x.conf');
    expect(found('unknown-user', { ...service, ...replaced })).toEqual([]);
  });

  it('accepts the group of a dynamic user if the unit waits for the one that has it', () => {
    const dynamic = unit('[Service]\nDynamicUser=yes\nUser=app-socket\nGroup=app-socket\n', 'user.service');
    const socket = (lines: string) =>
      unit(`[Unit]\n${lines}\n[Socket]\nListenStream=/run/app\nSocketGroup=app-socket\n`, 'app.socket');
    const waits = socket('Requires=user.service\nAfter=user.service');
    expect(found('unknown-user', { ...dynamic, ...waits })).toEqual([]);
    for (const lines of ['Requires=user.service', 'After=user.service', ''])
      expect(found('unknown-user', { ...dynamic, ...socket(lines) })).toEqual([
        'error activation/unknown-user app-socket',
      ]);
  });

  it('reports a number that no account has', () => {
    const number = (id: number) => unit(`[Service]\nUser=${id}\nGroup=${id}\n`);
    expect(found('unknown-user', number(33))).toEqual([]);
    expect(found('unknown-user', number(0))).toEqual([]);
    expect(found('unknown-user', number(4321))).toEqual(['error activation/unknown-user 4321']);
    const made = (line: string) => ({ '/usr/lib/sysusers.d/app.conf': text(`${line}\n`) });
    expect(found('unknown-user', { ...number(4321), ...made('u app 4321') })).toEqual([]);
    expect(found('unknown-user', { ...number(4321), ...made('u app 4321:4322') })).toHaveLength(1);
  });
});

describe('activation/before-merge', () => {
  const users = { '/usr/lib/sysusers.d/app.conf': text('u app -\n') };

  it('reports files that the host reads without waiting', () => {
    expect(found('before-merge', users)).toEqual([
      'warning activation/before-merge systemd-sysusers.service',
    ]);
  });

  it('accepts tmpfiles, which wait, and a unit of the extension that runs the program', () => {
    expect(found('before-merge', { '/usr/lib/tmpfiles.d/app.conf': text('d /var/lib/app\n') })).toEqual([]);
    const service = unit('[Service]\nExecStart=systemd-sysusers app.conf\n');
    expect(found('before-merge', { ...users, ...service })).toEqual([]);
    const waits = { [`${SYSTEM}/systemd-sysusers.service`]: text('[Unit]\nAfter=systemd-sysext.service\n') };
    expect(found('before-merge', users, waits)).toEqual([]);
  });
});

describe('the fix of activation/before-merge', () => {
  it.each([
    ['sysusers.d', 'u app -', 'systemd-sysusers app.conf'],
    ['sysctl.d', 'net.ipv4.ip_forward = 1', '/usr/lib/systemd/systemd-sysctl /usr/lib/sysctl.d/app.conf'],
    ['modules-load.d', '# of app\nzfs\nloop', 'modprobe -a zfs loop'],
    ['binfmt.d', ':app:M::app::/usr/bin/app:', '/usr/lib/systemd/systemd-binfmt /usr/lib/binfmt.d/app.conf'],
  ])('is for %s a unit that can be pasted, and that removes the finding', (directory, line, command) => {
    const files = { [`/usr/lib/${directory}/app.conf`]: text(`${line}\n`) };
    const early = Object.fromEntries(
      ['systemd-sysctl', 'systemd-modules-load', 'systemd-binfmt'].map(name => [
        `${SYSTEM}/${name}.service`,
        text('[Unit]\nDefaultDependencies=no\n'),
      ]),
    );
    const { findings } = auditOf({
      extensions: { app: extension('app', files) },
      hosts: { debian: host(undefined, { ...sysext, ...early }) },
    });
    const { fix } = findings.find(({ kind }) => kind === 'activation/before-merge')!;
    const [where, ...lines] = fix.split('\n');
    expect(where).toMatch(/^Add (\S+) and, in \S+, “\[Unit\]” and “Upholds=app-\w+[\w-]*\.service”:$/);
    expect(lines.at(-1)).toBe(`ExecStart=${command}`);
    const pasted = { [where!.split(' ')[1]!]: text(`${lines.join('\n')}\n`) };
    expect(found('before-merge', { ...files, ...pasted }, early)).toEqual([]);
  });
});

describe('activation/before-merge, if the fix does not work', () => {
  const users = { '/usr/lib/sysusers.d/app.conf': text('u app -\n') };

  it('reports systemd-sysusers in a service that runs as the user that it creates', () => {
    const within = (lines: string) =>
      found('before-merge', { ...users, ...unit(`[Service]\nExecStartPre=+systemd-sysusers\n${lines}`) });
    expect(within('User=app\n')).toHaveLength(1);
    expect(within('Group=app\n')).toHaveLength(1);
    expect(within('User=www-data\n')).toEqual([]);
    expect(within('User=app\nDynamicUser=yes\n')).toEqual([]);
  });

  it('reports tmpfiles below /dev, which have a service of their own', () => {
    const dev = {
      [`${SYSTEM}/systemd-tmpfiles-setup-dev.service`]: text('[Unit]\nDefaultDependencies=no\n'),
    };
    const files = (line: string) =>
      found('before-merge', { '/usr/lib/tmpfiles.d/app.conf': text(`# of app\n${line}\n`) }, dev);
    expect(files('c /dev/app 0600 root root - 1:3')).toEqual([
      'warning activation/before-merge systemd-tmpfiles-setup-dev.service',
    ]);
    expect(files('L /run/app - - - - /dev/app')).toEqual([]);
  });
});

describe('activation/before-merge, if a unit depends on the account', () => {
  const users = { '/usr/lib/sysusers.d/app.conf': text('u app -\n') };
  const runner = unit('[Service]\nExecStart=systemd-sysusers app.conf\n', 'accounts.service');
  const error = ['error activation/before-merge systemd-sysusers.service'];

  it('reports an error, also if a unit creates the account at any other time', () => {
    expect(found('before-merge', { ...users, ...unit('[Service]\nUser=app\n') })).toEqual(error);
    expect(found('before-merge', { ...users, ...unit('[Service]\nUser=app\n'), ...runner })).toEqual(error);
    const tmpfiles = { '/usr/lib/tmpfiles.d/app.conf': text('d /var/lib/app 0755 app app\n') };
    expect(found('before-merge', { ...users, ...tmpfiles })).toEqual(error);
  });

  it('accepts a unit that waits for the one that creates the account', () => {
    const waits = '[Unit]\nRequires=accounts.service\nAfter=accounts.service\n[Service]\nUser=app\n';
    expect(found('before-merge', { ...users, ...unit(waits), ...runner })).toEqual([]);
  });

  it('prints a unit that can be pasted', () => {
    const { findings } = auditOf({
      extensions: { app: extension('app', { ...users, ...unit('[Service]\nUser=app\n') }) },
      hosts: { debian: host(undefined, sysext) },
    });
    const { fix } = findings.find(({ kind }) => kind === 'activation/before-merge')!;
    expect(fix.split('\n').slice(1)).toEqual([
      '[Unit]',
      'Description=Accounts of app',
      'DefaultDependencies=no',
      'After=systemd-sysext.service systemd-sysusers.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=systemd-sysusers app.conf',
    ]);
  });
});

describe('activation/needs-reload', () => {
  it('reports a rule and a policy of a running daemon', () => {
    const files = {
      '/usr/lib/udev/rules.d/60-app.rules': text(''),
      '/usr/share/dbus-1/system.d/app.conf': text(''),
    };
    expect(found('needs-reload', files).sort()).toEqual([
      'info activation/needs-reload /usr/share/dbus-1/system.d',
      'warning activation/needs-reload /usr/lib/udev/rules.d',
    ]);
  });

  it('accepts a unit of the extension that reloads the daemon', () => {
    const files = {
      '/usr/lib/udev/rules.d/60-app.rules': text(''),
      ...unit('[Service]\nExecStart=udevadm control --reload\nExecStart=udevadm trigger\n'),
    };
    expect(found('needs-reload', files)).toEqual([]);
    // udev reads the rule, but does not handle devices again
    const reload = unit('[Service]\nExecStart=udevadm control --reload\n');
    expect(found('needs-reload', { ...files, ...reload })).toHaveLength(1);
    expect(found('needs-reload', { '/usr/share/dbus-1/services/app.service': text('') })).toEqual([]);
  });

  it('reports a bus service if dbus-broker is the bus', () => {
    const files = { '/usr/share/dbus-1/system-services/app.service': text('') };
    expect(found('needs-reload', files)).toEqual([]);
    expect(found('needs-reload', files, { '/usr/bin/dbus-broker-launch': text('') })).toHaveLength(1);
  });
});

describe('activation/losing-preset', () => {
  const preset = (name: string, content: string) => ({
    [`/usr/lib/systemd/system-preset/${name}.preset`]: text(content),
  });
  const mine = preset('50-app', 'enable app.service\n');

  it('reports a line after one that says the opposite', () => {
    expect(found('losing-preset', mine, preset('10-host', '# all\ndisable *\n'))).toEqual([
      'warning activation/losing-preset app.service',
    ]);
    expect(found('losing-preset', mine, preset('10-host', 'disable a?[pq].serv*\n'))).toHaveLength(1);
    expect(found('losing-preset', mine, preset('10-host', 'disable ap[a-q].service\n'))).toHaveLength(1);
    expect(found('losing-preset', mine, preset('10-host', 'disable ap[!a-q].service\n'))).toEqual([]);
    expect(found('losing-preset', preset('50-app', 'disable app.*\nenable app.service\n'))).toHaveLength(1);
  });

  it('accepts a line that comes first, agrees, or names another unit', () => {
    expect(found('losing-preset', mine, preset('99-default', 'disable *\n'))).toEqual([]);
    expect(found('losing-preset', mine, preset('10-host', 'enable *\n'))).toEqual([]);
    expect(
      found('losing-preset', mine, preset('10-host', 'disable app*.socket\ndisable appXservice\n')),
    ).toEqual([]);
  });
});
