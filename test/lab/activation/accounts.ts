import { type ActivationCase, type Files, text, unit, upheld } from './case.ts';

/** Cases about the accounts of services, and about files that are read before the merge. */

const runsAs =
  (kind: string) =>
  (name: string, lines: readonly string[], files: Files = {}): ActivationCase => ({
    kind,
    name,
    files: {
      ...unit(`${name}.service`, '[Service]', 'Type=oneshot', 'ExecStart=/bin/true', ...lines),
      ...files,
    },
    works: `systemctl start ${name}.service`,
  });

const unknown = runsAs('unknown-user');
const early = runsAs('before-merge');

const dropIn = (name: string, ...lines: readonly string[]) => unit(`${name}.service.d/more.conf`, ...lines);
const sysusers = (name: string): Files => ({ [`/usr/lib/sysusers.d/${name}.conf`]: text(`u ${name} -\n`) });
const tmpfiles = (name: string, directory: string, files: Files = {}): ActivationCase => ({
  kind: 'before-merge',
  name,
  files: { [`/usr/lib/tmpfiles.d/${name}.conf`]: text(`# lab\nd ${directory}/${name}\n`), ...files },
  works: `systemctl start ${name}.service; [ -d ${directory}/${name} ]`,
});

const parameter = (name: string, key: string, files: Files = {}): ActivationCase => ({
  kind: 'before-merge',
  name,
  files: { [`/usr/lib/sysctl.d/${name}.conf`]: text(`net.ipv4.${key} = 33\n`), ...files },
  works: `grep -x 33 /proc/sys/net/ipv4/${key}`,
});

export const accounts: readonly ActivationCase[] = [
  unknown('user-unknown', ['User=user-unknown']),
  unknown('group-unknown', ['Group=group-unknown']),
  unknown('groups-unknown', ['SupplementaryGroups=daemon groups-unknown']),
  unknown('user-of-host', ['User=games', 'Group=daemon', 'SupplementaryGroups=adm']),
  unknown('user-dynamic', ['DynamicUser=yes', 'User=user-dynamic']),
  unknown(
    'user-dynamic-apart',
    ['DynamicUser=yes'],
    dropIn('user-dynamic-apart', '[Service]', 'User=dynamic'),
  ),
  unknown('user-replaced', ['User=user-replaced'], dropIn('user-replaced', '[Service]', 'User=games')),
  unknown('user-taken-back', ['User=user-taken-back', 'User=']),
  unknown('user-number', ['User=4321']),
  unknown('user-known-number', ['User=5', 'Group=60']),
  unknown('group-number', ['Group=4322']),

  early('user-not-made', ['User=user-not-made'], sysusers('user-not-made')),
  early(
    'user-made-within',
    ['User=user-made-within', 'ExecStartPre=+systemd-sysusers user-made-within.conf'],
    sysusers('user-made-within'),
  ),
  early('user-made', ['User=user-made'], {
    ...sysusers('user-made'),
    ...dropIn('user-made', '[Unit]', 'Requires=user-made-before.service', 'After=user-made-before.service'),
    ...unit(
      'user-made-before.service',
      '[Service]',
      'Type=oneshot',
      'ExecStart=systemd-sysusers user-made.conf',
    ),
  }),
  tmpfiles('files', '/var/lib'),
  tmpfiles('files-of-dev', '/dev'),
  tmpfiles(
    'files-made',
    '/dev',
    unit(
      'files-made.service',
      '[Service]',
      'Type=oneshot',
      'ExecStartPre=+systemd-tmpfiles --create files-made.conf',
      'ExecStart=/bin/true',
      'User=games',
    ),
  ),
  parameter('parameter', 'ip_default_ttl'),
  parameter('parameter-set', 'tcp_fin_timeout', {
    ...unit(
      'parameter-set.service',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=/usr/lib/systemd/systemd-sysctl parameter-set.conf',
    ),
    ...upheld('parameter-set.service'),
  }),
];
