import { type ActivationCase, type Files, SYSTEM, text, unit, upheld } from './case.ts';

/** Cases about which files are read, and which of several takes effect. */

const file = (path: string, content: string, lists: string, also: readonly string[] = []): ActivationCase => {
  const name = path.split('/').at(-1)!.replaceAll('.', '-');
  return {
    kind: 'ignored-file',
    name,
    also,
    files: { [`/usr/lib/${path}`]: text(content) },
    works: `${lists} | grep -x '${content === NOTHING ? `# .*/${path}` : content.trim()}'`,
  };
};

const DROP_INS = 'systemctl cat multi-user.target';
const JOURNALD = 'systemd-analyze cat-config systemd/journald.conf';
const SYSCTL = '/usr/lib/systemd/systemd-sysctl --cat-config';
const BINFMT = '/usr/lib/systemd/systemd-binfmt --cat-config';
const ENVIRONMENT = '/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator';
const OF_TARGET = 'systemd/system/multi-user.target.d';
const NOTHING = '# nothing\n';

const preset = (name: string, files: Readonly<Record<string, string>>): ActivationCase => ({
  kind: 'losing-preset',
  name,
  // it is enabled but never starts
  also: ['never-started'],
  files: {
    ...unit(`${name}.service`, '[Service]', 'ExecStart=/bin/true', '[Install]', 'WantedBy=printer.target'),
    ...Object.fromEntries(
      Object.entries(files).map(([number, line]) => [
        `/usr/lib/systemd/system-preset/${number}-${name}.preset`,
        text(`${line}\nenable ${name}.service\n`),
      ]),
    ),
  },
  works: `systemctl --no-reload preset ${name}.service; systemctl is-enabled ${name}.service`,
});

export const read: readonly ActivationCase[] = [
  file(`${OF_TARGET}/right.conf`, NOTHING, DROP_INS),
  file(`${OF_TARGET}/bare`, NOTHING, DROP_INS),
  file(`${OF_TARGET}/saved.conf.bak`, NOTHING, DROP_INS),
  file('sysusers.d/users.cfg', NOTHING, 'systemd-sysusers --cat-config'),
  file('tmpfiles.d/entries', NOTHING, 'systemd-tmpfiles --cat-config'),
  file('tmpfiles.d/entries.conf', NOTHING, 'systemd-tmpfiles --cat-config'),
  file('sysctl.d/kernel.sysctl', NOTHING, SYSCTL),
  file('sysctl.d/kernel.conf', NOTHING, SYSCTL, ['before-merge']),
  file('binfmt.d/format', NOTHING, BINFMT),
  file('binfmt.d/format.conf', NOTHING, BINFMT, ['before-merge']),
  file('systemd/journald.conf.d/journal', NOTHING, JOURNALD),
  file('systemd/journald.conf.d/journal.conf', NOTHING, JOURNALD),
  file('environment.d/lab.env', 'LAB_ENV=1\n', ENVIRONMENT),
  file('environment.d/lab.conf', 'LAB_CONF=1\n', ENVIRONMENT),

  preset('preset-first', { '00': '' }),
  preset('preset-lost', { '95': '' }),
  preset('preset-twice', { '40': 'disable preset-twice.*' }),
  preset('preset-range', { '40': 'disable preset-rang[a-f].service' }),
  preset('preset-not-in-range', { '40': 'disable preset-not-in-rang[!a-f].service' }),
  preset('preset-comment', { '40': '; disable preset-comment.service' }),
];

const CALL = 'busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus';

const policy = (name: string, files: Files = {}): ActivationCase => ({
  kind: 'needs-reload',
  name,
  isLate: true,
  files: {
    [`/usr/share/dbus-1/system.d/${name}.conf`]: text(
      `<busconfig><policy user="root"><allow own="org.lab.${name}"/></policy></busconfig>\n`,
    ),
    ...files,
  },
  works: `${CALL} RequestName su org.lab.${name} 0`,
});

/** Cases for a running dbus-daemon. */
export const bus: readonly ActivationCase[] = [
  policy('policy'),
  policy('reloading', {
    ...unit(
      'reloading.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig',
    ),
    ...upheld('reloading.service'),
  }),
  {
    kind: 'needs-reload',
    name: 'bus-service',
    isLate: true,
    files: {
      '/usr/share/dbus-1/system-services/org.lab.Service.service': text(
        '[D-BUS Service]\nName=org.lab.Service\nExec=/bin/false\nUser=root\n',
      ),
    },
    works: `${CALL} StartServiceByName su org.lab.Service 0 2>&1 | grep 'Launch helper exited'`,
  },
];

/** Files of the host: what its administrator has enabled, and a preset. */
export const administered: Files = {
  '/etc/systemd/system/multi-user.target.wants/install-enabled.service': {
    link: `${SYSTEM}/install-enabled.service`,
  },
  '/etc/systemd/system-preset/94-host.preset': text('disable *\n'),
  '/etc/sysctl.conf': text(''),
};
