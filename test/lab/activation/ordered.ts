import { type ActivationCase, service, unit, upheld } from './case.ts';

/** Cases about units whose order contradicts the merge. */

/** Starts everything that could be in a cycle at once, in a manager that only simulates it. */
const cycleFree = (unitName: string) => `
all=$(mktemp -d)/all.target
printf '[Unit]\\nRequires=${unitName} sysinit.target local-fs.target systemd-sysext.service\\n' >"$all"
! systemd-analyze verify "$all" 2>&1 | grep 'ordering cycle'`;

const ordering = (name: string, ...lines: readonly string[]): ActivationCase => ({
  kind: 'cycle',
  name,
  files: service(name, '[Unit]', ...lines),
  works: cycleFree(`${name}.service`),
});

const mounting = (name: string, more: string, ...lines: readonly string[]): ActivationCase => ({
  kind: 'cycle',
  name,
  files: unit(`${name}.mount`, '[Unit]', ...lines, '[Mount]', 'What=lab', `Where=/${name}`, more),
  works: cycleFree(`${name}.mount`),
});

const changing = (name: string, setting: string): ActivationCase => ({
  kind: 'cycle',
  name,
  files: unit(`systemd-sysext.service.d/${name}.conf`, '[Service]', `${setting}=touch /run/${name}`),
  works: `[ -e /run/${name} ]`,
});

const EARLY = 'DefaultDependencies=no';
const AFTER = 'After=systemd-sysext.service';

export const ordered: readonly ActivationCase[] = [
  ordering('around', EARLY, AFTER, 'Before=local-fs.target'),
  ordering('around-default', 'Before=local-fs.target'),
  ordering('around-sysinit', EARLY, 'After=sysinit.target', 'Before=local-fs.target'),
  ordering('between', EARLY, AFTER, 'Before=sysinit.target'),
  ordering('early', EARLY, 'Before=local-fs.target'),
  mounting('mountlocal', 'Type=tmpfs', AFTER),
  mounting('mountremote', 'Type=nfs', AFTER),
  mounting('mountnetdev', 'Options=ro,_netdev', AFTER),
  mounting('mountfree', 'Type=tmpfs', EARLY, AFTER),
  {
    kind: 'cycle',
    name: 'before-sysext',
    files: {
      ...service('before-sysext', '[Unit]', 'Before=systemd-sysext.service'),
      ...upheld('before-sysext.service'),
    },
    works: `at() { systemctl show -P ActiveEnterTimestampMonotonic "$1"; }
[ "$(at before-sysext.service)" -lt "$(at systemd-sysext.service)" ]`,
  },
  changing('sysext-pre', 'ExecStartPre'),
  changing('sysext-post', 'ExecStartPost'),
];
