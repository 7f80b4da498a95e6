import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix, program } from '../lab/flix.ts';
import { snapshot } from '../lab/snapshot.ts';
import { waitFor } from '../lab/wait.ts';
import { whyNoVm } from '../lab/vm.ts';

/** Boots a root of `flix stage` with `flix try --vm`, and services of Debian 12 in images. */

const whyNot = await whyNoVm();
if (whyNot !== undefined) console.error(`skipped: test/vm/try.vm.ts needs a virtual machine: ${whyNot}`);

/**
 * Scripts make the account and configuration of bird; the directories of redis, in a function; and give its directories to
 * mosquitto.
 */
const services = ['haproxy', 'nginx', 'bird', 'redis-server', 'mosquitto'] as const;
/** Packages with other names than their services. */
const packageOf: Readonly<Record<string, string>> = { bird: 'bird2' };
const GUEST = 'systemd-sysv,udev,dbus,kmod,linux-image-cloud-amd64';
/**
 * Gives bird a number, because it finds none on a machine without a network; starts the services, prints their states, and
 * ends with a status of its own.
 */
const ASK = `systemctl start flix-bird-setup
echo 'router id 192.0.2.1;' >>/etc/bird/bird.conf
systemctl start ${services.join(' ')} >&2
systemctl is-active ${services.join(' ')}
redis-cli --raw set a b; redis-cli --raw bgsave >/dev/null
stat -c '%a %U:%G %n' /var/log/redis /var/lib/redis /var/lib/mosquitto /etc/bird /etc/bird/bird.conf
for i in $(seq 100); do birdc show status && break; sleep 1; done | grep -o 'Router ID is .*'
echo on standard error >&2
exit 7`;

describe.runIf(whyNot === undefined)('flix try --vm', () => {
  let scratch: string;
  const at = (name: string) => path.join(scratch, name);
  const images = services.map(name => `${name}.raw`);

  beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-try-vm-'));
    await flix('stage', 'debian:trixie', '--include', GUEST, '-o', at('guest'));
    for (const name of services)
      await flix(
        'vendor',
        'debian:bookworm',
        '--package',
        packageOf[name] ?? name,
        '--name',
        name,
        '--pack',
        '--out',
        at(name),
      );
    fs.mkdirSync(at('tmp'));
  }, 1_200_000);
  afterAll(() => fs.rmSync(scratch, { recursive: true }));

  const attempt = (...words: string[]) =>
    execa(process.execPath, [program, 'try', ...words], {
      cwd: scratch,
      env: { TMPDIR: at('tmp') },
      reject: false,
    });

  it('merges images while the machine boots, starts their services, and leaves nothing behind', async () => {
    const before = snapshot(at('guest'));
    const options = ['--vm', 'guest', '--prints', '^on standard error$'];
    const { exitCode, stdout, stderr } = await attempt(...images, ...options, '--', 'sh', '-c', ASK);
    expect([exitCode, stdout.split('\n')]).toEqual([
      7,
      [
        ...services.map(() => 'active'),
        'OK',
        '2750 redis:adm /var/log/redis',
        '750 redis:redis /var/lib/redis',
        '755 mosquitto:root /var/lib/mosquitto',
        '750 bird:bird /etc/bird',
        '640 bird:bird /etc/bird/bird.conf',
        'Router ID is 192.0.2.1',
      ],
    ]);
    expect(stderr).toMatch(/^on standard error$/m);
    for (const name of services) expect(stderr).toMatch(new RegExp(`^ {2}merged {3}${name}$`, 'm'));
    expect(snapshot(at('guest'))).toEqual(before);
    expect(fs.readdirSync(at('tmp'))).toEqual([]);
  }, 5_400_000);

  it('leaves neither a machine nor a file if it is killed', async () => {
    const running = attempt(images[0]!, '--vm', 'guest', '--', 'true');
    const machines = () =>
      fs.readdirSync('/proc').filter(pid => {
        try {
          const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
          return (
            line.startsWith('qemu-system-x86_64\0') && line.includes('flix-trial') && isOf(pid, running.pid!)
          );
        } catch {
          return false;
        }
      });
    await waitFor(() => machines().length > 0);
    const [machine] = machines();
    process.kill(running.pid!, 'SIGKILL');
    await running;
    await waitFor(() => !fs.existsSync(`/proc/${machine}`));
    expect(fs.readdirSync(at('tmp'))).toEqual([]);
  }, 600_000);

  it('says why an image is not merged, with status 3', async () => {
    fs.copyFileSync(at(images[1]!), at('other.raw'));
    const { exitCode, stderr } = await attempt('other.raw', '--vm', 'guest', '--', 'true');
    expect([exitCode, stderr]).toEqual([3, expect.stringMatching(/refused {2}other: .*not merge/)]);
  }, 5_400_000);
});

/** Whether a process descends from another. */
function isOf(pid: string, ancestor: number): boolean {
  for (let at = pid; at !== '0';) {
    if (Number(at) === ancestor) return true;
    at = /^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${at}/status`, 'utf8'))![1]!;
  }
  return false;
}
