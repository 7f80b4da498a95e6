import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../cli/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const able = has('root', 'archive', 'mountNamespace', 'tool:bwrap', 'tool:setpriv', 'tool:bash');

describe.runIf(able)('the root of flix try, for root', () => {
  let scratch: string;
  let host: string;
  let empty: string;

  beforeAll(async () => {
    scratch = fs.mkdtempSync('/var/tmp/flix-e2e-');
    host = await labRoot('host-trixie');
    empty = path.join(scratch, 'empty');
    fs.mkdirSync(path.join(empty, 'usr/share/empty'), { recursive: true });
  });
  afterAll(() => fs.rmSync(scratch, { recursive: true }));

  const sh = (script: string) => ['--', 'sh', '-c', script];
  /** Prints a word if a file can be opened for writing; writes nothing. */
  const writable = (file: string) => `(: >>${file}) 2>/dev/null && echo writable`;

  it('does not let the command set variables of the kernel', async () => {
    const script = ['core_pattern', 'hostname'].map(name => writable(`/proc/sys/kernel/${name}`)).join('; ');
    const { stdout } = await flix(['try', empty, '--host', host, '-q', ...sh(`${script}; echo ran`)]);
    expect(stdout).toBe('ran');
  });

  it('lets wrappers of Flatwrap mode mount without the rights of root', async () => {
    const staging = await labRoot('apps-bookworm');
    const tree = path.join(scratch, 'wrapped');
    const made = await flix(
      ['vendor', staging, '/usr/bin/cat:/usr/bin/show', '--mode', 'flatwrap'].concat('--out', tree),
    );
    expect(made).toMatchObject({ status: 0 });
    const script =
      'for i in devtmpfs sysfs proc cgroup2; do mount -t $i $i /mnt 2>/dev/null && echo mounted $i; done; ' +
      `umount /proc/sys 2>/dev/null; mount -o remount,bind,rw /proc/sys 2>/dev/null; ` +
      `${writable('/proc/sys/kernel/core_pattern')}; echo text >/tmp/file; show /tmp/file`;
    const { stdout } = await flix(['try', tree, '--host', host, '-q', ...sh(script)]);
    expect(stdout).toBe('text');
  });

  it('shows the command nothing of the environment of flix', async () => {
    const script = 'cat /proc/[0-9]*/environ | tr "\\0" "\\n" | cut -d= -f1 | sort -u | tr "\\n" " "';
    const { stdout } = await flix(['try', empty, '--host', host, '-q', ...sh(script)], {
      under: ['env', 'SECRET=1', 'HOME=/home/caller'],
    });
    expect(stdout.trim()).toMatch(/^HOME (?:OLDPWD )?PATH PWD TERM$/);
    const { stdout: first } = await flix(['try', empty, '--host', host, '-q', ...sh('cat /proc/1/environ')]);
    expect(first).toBe('');
  });

  it('is an error that names the cause if it cannot be set up, and not the status of the command', async () => {
    const tools = path.join(scratch, 'tools');
    fs.mkdirSync(tools);
    fs.writeFileSync(path.join(tools, 'bwrap'), '#!/bin/sh\necho bwrap: no mount for you >&2\nexit 7\n', {
      mode: 0o755,
    });
    const failed = await flix(['try', empty, '--host', host, '-q', ...sh('exit 0')], {
      under: ['env', `PATH=${tools}:${process.env['PATH']}`],
    });
    expect(failed).toMatchObject({ status: 3 });
    expect(failed.stderr).toMatch(/no mount for you[^]*sh was not started in the private root/);
  });

  it('is an error, too, if the command cannot be started there', async () => {
    const failed = await flix(['try', empty, '--host', host, '-q', '--', 'no-such-program']);
    expect(failed).toMatchObject({ status: 3 });
    expect(failed.stderr).toMatch(/No such file or directory[^]*no-such-program was not started/);
  });

  it('gives the status of the command, also of one that a signal ends', async () => {
    const status = async (script: string) =>
      (await flix(['try', empty, '--host', host, '-q', ...sh(script)])).status;
    expect(await status('exit 9')).toBe(9);
    expect(await status('kill -TERM $$')).toBe(143);
  });

  it('hides the descriptors that flix inherited', async () => {
    const script = 'readlink /proc/self/fd/99; ls /proc/self/fd/99/';
    const { stdout } = await flix(['try', empty, '--host', host, '-q', ...sh(script)], {
      under: ['bash', '-c', 'exec 99</; exec "$@"', 'bash'],
    });
    expect(['', '/dev/null']).toContain(stdout);
  });

  describe('over a host with links where bwrap mounts', () => {
    const OUTSIDE = '/oldroot'; // the name that bwrap gives to the root of this machine
    let outside: string;
    let linked: string;

    beforeAll(() => {
      outside = path.join(scratch, 'outside');
      linked = path.join(scratch, 'linked');
      fs.mkdirSync(outside);
      fs.mkdirSync(linked);
      for (const name of ['bin', 'sbin', 'lib', 'lib64'])
        fs.symlinkSync(`usr/${name}`, path.join(linked, name));
    });

    const attempt = (script: string) =>
      flix(['try', host, '--host', linked, '--network', '-q', ...sh(script)]);

    it('mounts in the root what the system needs', async () => {
      for (const name of ['proc', 'dev', 'run', 'tmp']) {
        fs.mkdirSync(path.join(outside, name));
        fs.symlinkSync(`${OUTSIDE}${outside}/${name}`, path.join(linked, name));
      }
      const { stdout } = await attempt(
        'for i in /proc /dev /run /tmp; do [ -L $i ] || echo $i; done; echo >/tmp/new',
      );
      expect(stdout.split('\n')).toEqual(['/proc', '/dev', '/run', '/tmp']);
      expect(fs.readdirSync(path.join(outside, 'tmp'))).toEqual([]);
    });

    it.each([
      ['the file', 'etc/resolv.conf', `${OUTSIDE}/OUTSIDE/made`],
      ['the file, as with systemd-resolved', 'etc/resolv.conf', '../run/systemd/resolve/stub-resolv.conf'],
      ['its directory', 'etc', `${OUTSIDE}/OUTSIDE`],
    ])('creates no resolv.conf outside if %s is a link', async (_what, name, target) => {
      fs.rmSync(path.join(linked, 'etc'), { recursive: true, force: true });
      fs.mkdirSync(path.dirname(path.join(linked, name)), { recursive: true });
      fs.symlinkSync(target.replace('/OUTSIDE', outside), path.join(linked, name));
      const before = fs.readdirSync(outside);
      const { stdout } = await attempt('cat /etc/resolv.conf');
      if (name !== 'etc') expect(stdout).toBe(fs.readFileSync('/etc/resolv.conf', 'utf8').trimEnd());
      expect(fs.readdirSync(outside)).toEqual(before);
    });
  });
});
