import { active, type ActivationCase, type Files, text, unit, upheld } from './case.ts';

/** Cases about whether a unit can start after the merge. Names are short, so that all layers fit into one mount. */

type Lines = readonly string[];

const NOPE = '/usr/bin/nope';
const ok = 'ExecStart=/bin/true';

const starting = (name: string, type = 'service') =>
  `systemctl start ${name}.${type} && ${active(`${name}.${type}`)}`;

/** A service with lines of its [Service] section, and with lines of its [Unit] section. */
const service = (name: string, lines: Lines, files: Files = {}, unitLines: Lines = []): ActivationCase => ({
  kind: 'cannot-start',
  name,
  files: {
    ...unit(
      `${name}.service`,
      '[Unit]',
      ...unitLines,
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      ...lines,
    ),
    ...files,
  },
  works: starting(name),
});

const tested = (name: string, unitLines: Lines, files: Files = {}) => service(name, [ok], files, unitLines);
const tmpfiles = (name: string, line: string): Files => ({
  [`/usr/lib/tmpfiles.d/${name}.conf`]: text(`${line}\n`),
});
const script = (content: string) => ({ text: content, mode: 0o755 });

const programs: readonly ActivationCase[] = [
  service('e-abs', [ok]),
  service('e-none', [`ExecStart=${NOPE} --flag`]),
  service('e-dash', [`ExecStart=-${NOPE}`]),
  service('e-plus', [`ExecStart=+${NOPE}`]),
  service('e-at', ['ExecStart=@/bin/true zero one']),
  service('e-name', ['ExecStart=true']),
  service('e-nnam', ['ExecStart=nope-program']),
  service('e-path', ['ExecSearchPath=/usr/lib/systemd', 'ExecStart=systemd-sysctl']),
  service('e-npth', ['ExecSearchPath=/usr/lib/systemd', 'ExecStart=true']),
  service('e-rel', ['ExecStart=bin/true']),
  service('e-pre', [`ExecStartPre=${NOPE}`, ok]),
  service('e-pred', [`ExecStartPre=-${NOPE}`, ok]),
  service('e-post', [ok, `ExecStartPost=${NOPE}`]),
  service('e-stop', [ok, `ExecStop=${NOPE}`]),
  service('e-cond', [`ExecCondition=${NOPE}`, ok]),
  service('e-2nd', [ok, `ExecStart=${NOPE}`]),
  service('e-semi', [`ExecStart=/bin/true ; ${NOPE}`]),
  service('e-reset', [`ExecStart=${NOPE}`, 'ExecStart=', ok]),
  service('e-drop', [`ExecStart=${NOPE}`], unit('e-drop.service.d/a.conf', '[Service]', 'ExecStart=', ok)),
  service('e-ndrp', [ok], unit('e-ndrp.service.d/a.conf', '[Service]', `ExecStartPre=${NOPE}`)),
  service('e-nox', ['ExecStart=/usr/lib/e-nox'], { '/usr/lib/e-nox': { text: '#!/bin/sh\n', mode: 0o644 } }),
  service('e-own', ['ExecStart=/usr/lib/e-own'], { '/usr/lib/e-own': script('#!/bin/sh\n') }),
  service('e-int', ['ExecStart=/usr/lib/e-int'], { '/usr/lib/e-int': script(`#!${NOPE}\n`) }),
  service('e-dir', ['ExecStart=/usr/bin']),
  service('e-spec', ['ExecStart=/usr/lib/%p/run'], { '/usr/lib/e-spec/run': script('#!/bin/sh\n') }),
  service('e-nspc', ['ExecStart=/usr/lib/%N/run']),
  service('e-link', ['ExecStart=/usr/lib/e-link'], { '/usr/lib/e-link': { link: 'nope' } }),
  service('e-bare', ['User=root']),
];

const environment: readonly ActivationCase[] = [
  service('v-none', ['EnvironmentFile=/etc/default/nope', ok]),
  service('v-dash', ['EnvironmentFile=-/etc/default/nope', ok]),
  service('v-host', ['EnvironmentFile=/etc/default/known', ok]),
  service('v-own', ['EnvironmentFile=/usr/lib/v-own.env', ok], { '/usr/lib/v-own.env': text('A=1\n') }),
  service('v-glob', ['EnvironmentFile=/etc/default/nop*', ok]),
  service('v-glbk', ['EnvironmentFile=/etc/default/k[m-o]o?n', ok]),
  service('v-dir', ['EnvironmentFile=/etc/default', ok]),
  service('v-reset', ['EnvironmentFile=/etc/default/nope', 'EnvironmentFile=', ok]),
  service('v-copy', ['EnvironmentFile=/etc/v-copy', ok], {
    ...tmpfiles('v-copy', 'C /etc/v-copy'),
    '/usr/share/factory/etc/v-copy': text('A=1\n'),
  }),
  service('v-ncpy', ['EnvironmentFile=/etc/v-ncpy', ok], tmpfiles('v-ncpy', 'C /etc/v-ncpy')),
  service('v-line', ['EnvironmentFile=/run/v-line', ok], tmpfiles('v-line', 'f /run/v-line - - - - A=1')),
  service('v-pre', ['EnvironmentFile=/run/v-pre', 'ExecStartPre=+/bin/touch /run/v-pre', ok]),
  service(
    'v-by',
    ['EnvironmentFile=/run/v-by', ok],
    unit('v-by0.service', '[Service]', 'Type=oneshot', 'ExecStart=/bin/touch /run/v-by'),
    ['Requires=v-by0.service', 'After=v-by0.service'],
  ),
  service('v-spec', ['EnvironmentFile=/etc/default/%p', ok]),
];

/** A root directory in which systemd finds all the mount points that it needs. */
const skeleton = (name: string): Files =>
  Object.fromEntries(
    ['usr', 'bin', 'lib', 'lib64', 'proc', 'sys', 'dev', 'run', 'tmp', 'var/tmp', 'etc'].map(directory => [
      `/usr/lib/${name}/${directory}/.keep`,
      text(''),
    ]),
  );

const namespaces: readonly ActivationCase[] = [
  service('w-none', ['WorkingDirectory=/var/lib/nope', ok]),
  service('w-dash', ['WorkingDirectory=-/var/lib/nope', ok]),
  service('w-state', ['StateDirectory=w-state', 'WorkingDirectory=/var/lib/w-state', ok]),
  service('w-line', ['WorkingDirectory=/var/lib/w-line', ok], tmpfiles('w-line', 'd /var/lib/w-line')),
  service('r-none', ['RootDirectory=/usr/lib/nope', ok]),
  service('r-exec', ['RootDirectory=/usr/lib/r-exec', ok], { '/usr/lib/r-exec/proc/keep': text('') }),
  service(
    'r-bind',
    ['RootDirectory=/usr/lib/r-bind', 'BindReadOnlyPaths=/usr /bin /lib /lib64', ok],
    skeleton('r-bind'),
  ),
  service('b-none', ['BindPaths=/var/lib/nope:/mnt', ok]),
  service('b-dash', ['BindPaths=-/var/lib/nope:/mnt', ok]),
  service('b-host', ['BindReadOnlyPaths=/etc/default:/opt', ok]),
  service('b-usr', ['BindPaths=/var/lib:/usr/share/b-usr', ok]),
  service('b-exec', ['BindReadOnlyPaths=/usr/bin:/srv', 'ExecStart=/srv/true']),
  service('p-none', ['ReadWritePaths=/var/lib/nope', ok]),
  service('p-dash', ['ReadWritePaths=-/var/lib/nope', ok]),
  service('p-ro', ['ReadOnlyPaths=/var/lib /var/lib/nope', ok]),
  service('p-inac', ['InaccessiblePaths=/var/lib/nope', ok]),
  service('p-line', ['ReadWritePaths=/var/lib/p-line', ok], tmpfiles('p-line', 'd /var/lib/p-line')),
  service('p-state', ['StateDirectory=p-state', 'ReadWritePaths=/var/lib/p-state', ok]),
  service('p-plus', ['ReadWritePaths=/var/lib/p-plus', 'ExecStartPre=+/bin/mkdir /var/lib/p-plus', ok]),
  service('r-plus', ['RootDirectory=/usr/lib/r-plus', 'ExecStart=+/bin/true'], {
    '/usr/lib/r-plus/proc/keep': text(''),
  }),
  service('b-plus', ['BindPaths=/var/lib/nope:/mnt', 'ExecStart=+/bin/true']),
  service('p-prw', ['ReadWritePaths=/var/lib/nope', 'ExecStart=+/bin/true']),
  service('p-pro', ['ReadOnlyPaths=/var/lib/nope', 'ExecStart=+/bin/true']),
  service('p-pin', ['InaccessiblePaths=/var/lib/nope', 'ExecStart=+/bin/true']),
  service('w-plus', ['WorkingDirectory=/var/lib/nope', 'ExecStart=+/bin/true']),
  service('c-plus', ['LoadCredential=a:/etc/default/nope', 'ExecStart=+/bin/true']),
  service('c-none', ['LoadCredential=a:/etc/default/nope', ok]),
  service('c-host', ['LoadCredential=a:/etc/default/known', ok]),
  service('c-set', ['LoadCredential=a:/etc/default/nope', 'SetCredential=a:text', ok]),
  service('c-bare', ['LoadCredential=nope', ok]),
];

const conditions: readonly ActivationCase[] = [
  tested('n-none', ['ConditionPathExists=/etc/default/nope']),
  tested('n-host', ['ConditionPathExists=/etc/default/known']),
  tested('n-not', ['ConditionPathExists=!/etc/default/known']),
  tested('n-nnot', ['ConditionPathExists=!/etc/default/nope']),
  tested('n-glob', ['ConditionPathExistsGlob=/etc/default/nop*']),
  tested('n-glbk', ['ConditionPathExistsGlob=/etc/def*/kn?wn']),
  tested('n-dir', ['ConditionPathIsDirectory=/etc/default/known']),
  tested('n-dirk', ['ConditionPathIsDirectory=/etc/default']),
  tested('n-link', ['ConditionPathIsSymbolicLink=/etc/default/known']),
  tested('n-exec', ['ConditionFileIsExecutable=/etc/default/known']),
  tested('n-exek', ['ConditionFileIsExecutable=/bin/true']),
  tested('n-full', ['ConditionFileNotEmpty=/etc/default/empty']),
  tested('n-fulk', ['ConditionFileNotEmpty=/etc/default/known']),
  tested('n-some', ['ConditionDirectoryNotEmpty=/usr/lib/nope']),
  tested('n-or', ['ConditionPathExists=|/etc/default/nope', 'ConditionPathExists=|/etc/default/known']),
  tested('n-nor', ['ConditionPathExists=|/etc/default/nope', 'ConditionPathExists=|/etc/default/nope2']),
  tested('n-reset', ['ConditionPathExists=/etc/default/nope', 'ConditionPathExists=']),
  tested('n-resto', ['ConditionPathExists=/etc/default/nope', 'ConditionFileNotEmpty=']),
  tested('n-own', ['ConditionPathExists=/usr/lib/n-own'], { '/usr/lib/n-own': text('') }),
  tested('n-line', ['ConditionPathExists=/var/lib/n-line'], tmpfiles('n-line', 'd /var/lib/n-line')),
  tested('a-none', ['AssertPathExists=/etc/default/nope']),
  tested('a-host', ['AssertPathExists=/etc/default/known']),
  tested('d-req', ['Requires=nope.service']),
  tested('d-want', ['Wants=nope.service']),
  tested('d-bind', ['BindsTo=nope.service', 'After=nope.service']),
];

/** A socket with lines of its [Socket] section; its service exists. */
const socket = (kind: string, name: string, lines: Lines, files: Files = {}): ActivationCase => ({
  kind,
  name,
  files: {
    ...unit(`${name}.socket`, '[Socket]', ...lines),
    ...unit(`${name}.service`, '[Service]', ok),
    ...files,
  },
  works: starting(name, 'socket'),
});
const listen = (name: string) => `ListenStream=/run/${name}.sock`;
const sysusers = (name: string): Files => ({ [`/usr/lib/sysusers.d/${name}.conf`]: text(`g ${name} -\n`) });

const sockets: readonly ActivationCase[] = [
  socket('unknown-user', 's-grp', [listen('s-grp'), 'SocketGroup=nope']),
  socket('unknown-user', 's-user', [listen('s-user'), 'SocketUser=nope']),
  socket('unknown-user', 's-host', [listen('s-host'), 'SocketUser=games', 'SocketGroup=daemon']),
  socket('unknown-user', 's-reset', [listen('s-reset'), 'SocketGroup=nope', 'SocketGroup=']),
  socket('before-merge', 's-late', [listen('s-late'), 'SocketGroup=s-late'], sysusers('s-late')),
  socket('cannot-start', 's-deep', ['ListenStream=/run/s-deep/a/b']),
  socket('cannot-start', 's-usr', ['ListenStream=/usr/lib/s-usr.sock']),
  socket('cannot-start', 's-pre', [listen('s-pre'), `ExecStartPre=${NOPE}`]),
  socket('cannot-start', 's-spec', ['ListenSpecial=/usr/lib/nope']),
  {
    kind: 'cannot-start',
    name: 's-alone',
    files: unit('s-alone.socket', '[Socket]', listen('s-alone')),
    works: starting('s-alone', 'socket'),
  },
  {
    kind: 'cannot-start',
    name: 's-acc',
    files: unit('s-acc.socket', '[Socket]', listen('s-acc'), 'Accept=yes'),
    works: starting('s-acc', 'socket'),
  },
  {
    kind: 'cannot-start',
    name: 't-alone',
    files: unit('t-alone.timer', '[Timer]', 'OnActiveSec=1h'),
    works: starting('t-alone', 'timer'),
  },
  {
    kind: 'cannot-start',
    name: 't-unit',
    files: unit('t-unit.timer', '[Timer]', 'OnActiveSec=1h', 'Unit=systemd-tmpfiles-clean.service'),
    works: starting('t-unit', 'timer'),
  },
];

const owned = (name: string, line: string, files: Files = {}, kind = 'unknown-user'): ActivationCase => ({
  kind,
  name,
  files: { ...tmpfiles(name, `d /var/lib/${name} 0750 ${line}`), ...files },
  works: `[ -d /var/lib/${name} ]`,
});

const owners: readonly ActivationCase[] = [
  owned('m-user', 'nope -'),
  owned('m-grp', '- nope'),
  owned('m-num', '4321 4321'),
  owned('m-host', 'games games'),
  owned('m-late', '- m-late', sysusers('m-late'), 'before-merge'),
  {
    // a unit creates the account, but the service does not wait for it
    kind: 'before-merge',
    name: 'u-apart',
    files: {
      '/usr/lib/sysusers.d/u-apart.conf': text('u u-apart -\n'),
      ...unit('u-apart.service', '[Service]', 'Type=oneshot', 'User=u-apart', ok),
      ...unit('u-apar0.service', '[Service]', 'Type=oneshot', 'ExecStart=systemd-sysusers u-apart.conf'),
    },
    works: 'systemctl start u-apart.service',
  },
];

/** What the advice of `before-merge` says. */
const advised: ActivationCase = {
  kind: 'before-merge',
  name: 'u-paste',
  files: {
    '/usr/lib/sysusers.d/u-paste.conf': text('u u-paste -\n'),
    ...unit('u-paste.service', '[Service]', 'Type=oneshot', 'User=u-paste', ok),
    ...unit(
      'u-paste.service.d/accounts.conf',
      '[Unit]',
      'Requires=u-paste-accounts.service',
      'After=u-paste-accounts.service',
    ),
    ...unit(
      'u-paste-accounts.service',
      '[Unit]',
      'Description=Accounts of u-paste',
      'DefaultDependencies=no',
      'After=systemd-sysext.service systemd-sysusers.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=systemd-sysusers u-paste.conf',
    ),
  },
  works: 'systemctl start u-paste.service',
};

const install = ['[Install]', 'WantedBy=multi-user.target'] as const;
const aliases: readonly ActivationCase[] = [
  {
    kind: 'never-started',
    name: 'l-alias',
    files: {
      ...unit('l-alias.service', '[Service]', 'Type=oneshot', 'RemainAfterExit=yes', ok, ...install),
      '/usr/lib/systemd/system/dbus-org.lab.Alias.service': { link: 'l-alias.service' },
      ...upheld('l-alias.service'),
    },
    works: active('dbus-org.lab.Alias.service'),
  },
  {
    kind: 'never-started',
    name: 'l-by',
    files: {
      ...unit('l-by.service', '[Service]', 'Type=oneshot', 'RemainAfterExit=yes', ok, ...install),
      '/usr/lib/systemd/system/l-by0.service': { link: 'l-by.service' },
      ...upheld('l-by0.service'),
    },
    works: active('l-by.service'),
  },
];

const masked: ActivationCase = service('k-mask', [ok]);
const instances: readonly ActivationCase[] = (
  [
    ['k-inst', '/bin/true'],
    ['k-ninst', '/usr/lib/%i/run'],
  ] as const
).map(([name, program]) => ({
  kind: 'cannot-start',
  name,
  files: {
    ...unit(`${name}@.service`, '[Service]', 'Type=oneshot', 'RemainAfterExit=yes', `ExecStart=${program}`),
    ...upheld(`${name}@one.service`),
  },
  works: active(`${name}@one.service`),
}));

/** Files of the host on which these cases run. */
export const known: Files = {
  '/etc/default/known': text('KNOWN=1\n'),
  '/etc/default/empty': text(''),
  '/etc/systemd/system/k-mask.service': { link: '/dev/null' },
};

export const startable: readonly (readonly ActivationCase[])[] = [
  [...programs, ...environment, ...aliases],
  [...namespaces, ...conditions],
  [...sockets, ...owners, advised, masked, ...instances],
];
