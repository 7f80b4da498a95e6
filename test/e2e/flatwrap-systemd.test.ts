import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Setting, wrapProbe } from '../lab/flatwrap/behaviour.ts';
import { bootMergedHost } from '../lab/flatwrap/booted-host.ts';
import { has } from '../lab/requires.ts';

const able = has('root', 'mountNamespace', 'userNamespace', 'archive', 'tool:gcc', 'tool:systemd-nspawn');

const settings: readonly Omit<Setting, 'codes'>[] = [
  { host: 'host-trixie', tree: 'host-bookworm', shell: 'dash', form: 'overmount' },
  { host: 'host-bookworm', tree: 'split-bookworm', shell: 'dash', form: 'chroot' },
];

const SYSTEM = '/usr/lib/systemd/system/probe.service';
const USER = '/usr/lib/systemd/user/probe-user.service';

const COMMANDS = ['libc', 'directory', 'ids', 'capabilities'].map(
  name => `ExecStart=/usr/bin/probe ${name}\n`,
);

/** Units in the root of the tree. */
const staged = {
  [SYSTEM]: `[Unit]
DefaultDependencies=no

[Service]
Type=oneshot
${COMMANDS.join('')}User=games
WorkingDirectory=/srv
StandardOutput=append:/mnt/system
`,
  [USER]: `[Unit]
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
${COMMANDS.join('')}WorkingDirectory=/srv
StandardOutput=append:/mnt/user
`,
};

/** Units of the host. One runs a user's manager without a login, because a login needs more than systemd. */
const units = {
  'lab.service': `[Unit]
DefaultDependencies=no
Wants=probe.service manager.service
After=probe.service manager.service
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'systemctl status probe.service manager.service >/mnt/status; exit 0'
`,
  'manager.service': `[Unit]
DefaultDependencies=no

[Service]
Type=oneshot
User=games
Delegate=yes
RuntimeDirectory=manager
Environment=XDG_RUNTIME_DIR=/run/manager
ExecStart=/usr/lib/systemd/systemd --user --unit=probe-user.service
TimeoutStartSec=400
`,
};

let scratch: string;

beforeAll(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-systemd-'));
});

afterAll(() => {
  fs.rmSync(scratch, { recursive: true, force: true });
});

function lay(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

describe.each(settings)('units of $tree on a booted $host ($form)', setting => {
  it.runIf(able)('run in their view, started by the system manager and by a user manager', async () => {
    const at = (name: string) => path.join(scratch, setting.form, name);
    lay(at('probe'), staged);
    lay(at('units'), units);
    const host = await wrapProbe(setting, at('.'), [SYSTEM, USER]);
    fs.chmodSync(at('data'), 0o777);
    const dropIn = fs.readFileSync(at(`tree${SYSTEM}.d/10-flix.conf`), 'utf8');
    expect(dropIn).toContain(setting.form === 'chroot' ? 'RootDirectory=' : 'BindReadOnlyPaths=');

    const [command, ...rest] = bootMergedHost(host, at('units'), 'lab.service');
    const { all } = await execa(command!, rest, { all: true, reject: false, stdin: 'ignore' });
    const [system, user] = ['system', 'user'].map(manager => {
      const file = at(`data/${manager}`);
      return fs.existsSync(file)
        ? fs.readFileSync(file, 'utf8')
        : `the ${manager} manager wrote nothing: ${all}`;
    });
    const libc = '/usr/lib/x86_64-linux-gnu/libc.so.6';
    const size = fs.statSync(
      at(`tree/usr/local/probe${setting.form === 'chroot' ? libc.slice(4) : libc}`),
    ).size;
    for (const seen of [system, user]) {
      expect(seen).toMatch(new RegExp(`^\\S*/libc.so.6 ok\n${size}\n/srv\n`));
      expect(seen).toMatch(/^uid 5 5 5\ngid 60 60 60\n/m);
      expect(seen).toMatch(/^CapEff:\t0+\n/m);
    }
  });
});
