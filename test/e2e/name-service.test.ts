import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootMergedHost } from '../lab/flatwrap/booted-host.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { stage } from '../lab/stage.ts';

const able = has('root', 'mountNamespace', 'chroot', 'archive', 'tool:strace');
const boots = able && has('userNamespace', 'tool:systemd-nspawn');

let scratch: string;
let root: string;
let host: string;

beforeAll(async () => {
  if (!able) return;
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-names-')));
  fs.chmodSync(scratch, 0o755);
  [root, host] = [fs.realpathSync(await labRoot('nss-bookworm')), await labRoot('host-trixie')];
}, 600_000);

afterAll(() => {
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

/** Vendors programs of the root under names that the host does not have. */
async function vendored(at: string, ...options: readonly string[]): Promise<string> {
  const tree = path.join(at, 'tree');
  fs.mkdirSync(at);
  const paths = ['getent', 'id'].map(name => `/usr/bin/${name}:/usr/bin/own-${name}`);
  await flix('vendor', root, '--name', 'names', '--out', tree, ...options, ...paths);
  return tree;
}

const MODULES = ['compat', 'systemd', 'sss', 'resolve', 'myhostname'].map(name => `libnss_${name}.so.2`);

describe.runIf(able)('a program that looks up users and hosts, over the other release', () => {
  it('loads the modules of its tree, and none that nsswitch.conf of the host names besides', async () => {
    const at = path.join(scratch, 'hostile');
    const tree = await vendored(at);
    const place = stage({ tree, host, scratch: at, sonames: ['libc.so.6', 'libcap.so.2', ...MODULES] });
    const all = 'flixdecoy sss systemd resolve myhostname compat mymachines flixdecoy files dns';
    fs.writeFileSync(
      path.join(at, 'layer/etc/nsswitch.conf'),
      ['passwd', 'group', 'hosts'].map(name => `${name}: ${all}\n`).join(''),
    );
    const run = async (...argv: readonly string[]) => {
      const [command, ...rest] = place.command(argv);
      const { stdout } = await execa(command!, rest, { stdin: 'ignore' });
      expect(place.foreign(argv[0]!)).toEqual([]);
      return { stdout, mapped: place.trace(argv[0]!).mapped.map(file => path.basename(file)) };
    };
    const passwd = await run('/usr/bin/own-getent', 'passwd', 'www-data');
    expect(passwd.stdout).toBe('www-data:x:33:33:www-data:/data:/bin/sh');
    expect(passwd.mapped).toEqual(expect.arrayContaining(MODULES.filter(name => /sss|systemd/.test(name))));
    expect((await run('/usr/bin/own-id', 'www-data')).stdout).toContain('gid=33(www-data)');
    const { stdout, mapped } = await run('/usr/bin/own-getent', 'hosts', 'localhost');
    expect(stdout).toMatch(/^(?:::1|127\.0\.0\.1) +localhost/);
    expect(mapped).toEqual(expect.arrayContaining(MODULES.filter(name => /resolve|myhostname/.test(name))));
  });
});

const DYNAMIC = `[Service]
Type=exec
DynamicUser=yes
User=flix-dynamic
ExecStart=/usr/bin/sleep infinity
`;

const LAB = `[Unit]
DefaultDependencies=no
Wants=dynamic.service
After=dynamic.service
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "passwd: files systemd" >/etc/nsswitch.conf; /usr/bin/own-getent passwd flix-dynamic >/mnt/seen 2>&1; /usr/bin/getent passwd flix-dynamic >/mnt/host 2>&1; exit 0'
`;

describe.runIf(boots)('on a booted host', () => {
  it.each([
    ['flix', []],
    ['flatwrap', ['--trim']],
  ])(
    'a program sees a dynamic user of systemd, in %s mode, though the host has no module',
    async (mode, more) => {
      const at = path.join(scratch, mode);
      const tree = await vendored(at, '--mode', mode, ...more);
      for (const name of ['at', 'data', 'units']) fs.mkdirSync(path.join(at, name));
      fs.writeFileSync(path.join(at, 'units/dynamic.service'), DYNAMIC);
      fs.writeFileSync(path.join(at, 'units/lab.service'), LAB);
      const layers = { host: fs.realpathSync(host), layers: [tree], scratch: at };
      const [command, ...rest] = bootMergedHost(layers, path.join(at, 'units'), 'lab.service');
      const { all } = await execa(command!, rest, { all: true, reject: false, stdin: 'ignore' });
      const seen = path.join(at, 'data/seen');
      expect(fs.existsSync(seen) ? fs.readFileSync(seen, 'utf8') : all).toMatch(/^flix-dynamic:.*:\d+:\d+:/);
      expect(fs.readFileSync(path.join(at, 'data/host'), 'utf8')).toBe('');
    },
  );
});
