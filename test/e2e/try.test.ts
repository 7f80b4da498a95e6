import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../cli/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { snapshot } from '../lab/snapshot.ts';
import { waitFor } from '../lab/wait.ts';
import { inScratch, Run } from './flix-process.ts';

const USER = 1000;
const able = has('archive', 'mountNamespace', 'tool:bwrap', 'tool:strace', 'tool:setpriv');

describe.runIf(able)('flix try', () => {
  let scratch: string;
  let staging: string;
  let host: string;
  let tree: string;

  beforeAll(async () => {
    scratch = fs.mkdtempSync('/var/tmp/flix-e2e-');
    fs.chmodSync(scratch, 0o755);
    [staging, host] = await Promise.all([labRoot('apps-bookworm'), labRoot('host-trixie')]);
    tree = path.join(scratch, 'vim');
    const { status, stderr } = await flix(vendorVim(tree));
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => fs.rmSync(scratch, { recursive: true }));

  const vendorVim = (out: string) =>
    ['vendor', staging, '/usr/bin/vim.basic', '/usr/bin/cat:/usr/bin/show', '--name', 'vim'].concat(
      '--out',
      out,
    );
  const attempt = async (options: readonly string[], ...command: string[]) => {
    const report = path.join(scratch, 'report.json');
    fs.rmSync(report, { force: true });
    const result = await flix(['try', tree, ...options, '--report', report, '--', ...command]);
    return {
      ...result,
      report: fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : undefined,
    };
  };

  it('names the data that a program missed, once, and how to bring it', async () => {
    // no file of the tree names these paths
    const data = ['defaults.vim', 'syntax/c.vim'].map(name => `/usr/share/vim/vim90/${name}`);
    const { stderr, report } = await attempt(['--host', host, '--staging', staging], 'show', ...data);
    expect(report).toMatchObject({
      schema: 'flix.trial/1',
      missed: [{ path: '/usr/share/vim', files: data, programs: ['/usr/bin/show'], root: 'debian 12' }],
      hostLibraries: [],
    });
    expect(stderr).toContain('flix vendor … --include /usr/share/vim');
    const whole = path.join(scratch, 'whole');
    await flix([...vendorVim(whole), '--include', '/usr/share/vim']);
    const again = await flix(['try', whole, '--host', host, '--staging', staging, '--', 'show', ...data]);
    expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining('0 paths missing') });
  });

  it('reports nothing as missing without a staging root, and asks for one', async () => {
    const { stderr, report } = await attempt(['--host', host], 'show', '/usr/share/vim/vim90/defaults.vim');
    expect(stderr).toContain('name the root from which the extensions were made: --staging <root>');
    expect(stderr).not.toContain('missing');
    expect(report).toMatchObject({ missed: null });
  });

  it('passes the exit status and the output of the command on', async () => {
    const { status, stdout } = await attempt(['--host', host], 'sh', '-c', 'echo "$PATH $HOME"; exit 7');
    expect({ status, stdout }).toEqual({
      status: 7,
      stdout: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root',
    });
  });

  it.runIf(has('userNamespace'))(
    'runs the command as an ordinary user, to whom permissions apply',
    async () => {
      const script = 'id -u; touch /tmp/own && echo writes; cat /etc/shadow || echo refused; echo $HOME';
      const { status, stdout, report } = await attempt(
        ['--host', host, '--user', '1000'],
        'sh',
        '-c',
        `show /etc/hostname; ${script}`,
      );
      expect({ status, stdout: stdout.split('\n').slice(-4) }).toEqual({
        status: 0,
        stdout: ['1000', 'writes', 'refused', '/tmp'],
      });
      expect(report).toMatchObject({ hostLibraries: [] });
      expect(JSON.stringify(report)).not.toContain('setpriv');
    },
  );

  it('exits with 1 and prints the difference if the command does not do what is expected', async () => {
    const expecting = (...options: string[]) =>
      attempt(['--host', host, ...options], 'sh', '-c', 'echo one two; exit 3');
    const right = await expecting('--status', '3', '--prints', '^one .*o$');
    expect(right).toMatchObject({ status: 0, stdout: 'one two' });
    const wrong = await expecting('--status', '0', '--prints', 'three');
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('flix: the command ended with status 3 instead of 0\n');
    expect(wrong.stderr).toContain('flix: the output does not match three');
    expect((await expecting('--prints', 'one')).status).toBe(3);
    expect((await expecting('--prints', '(')).status).toBe(2);
    expect((await expecting('--status', '256')).stderr).toContain('--status 256 is not an exit status');
    expect((await expecting('--user', 'me')).stderr).toContain('For an ordinary user: --user 1000');
  });

  it('does not take the libraries of an interpreter of the host for leaks', async () => {
    const scripts = path.join(scratch, 'scripts');
    fs.mkdirSync(path.join(scripts, 'usr/bin'), { recursive: true });
    fs.writeFileSync(path.join(scripts, 'usr/bin/script'), '#!/bin/sh\ncat /etc/passwd\n', { mode: 0o755 });
    const { stderr } = await flix(['try', scripts, '--host', host, '--', 'script']);
    expect(stderr).toContain('0 libraries of the host');
  });

  it('finds a library of the host in a process of the tree, and fails with --strict only', async () => {
    const open = path.join(scratch, 'open');
    fs.mkdirSync(path.join(open, 'usr/bin'), { recursive: true });
    fs.copyFileSync(path.join(host, 'usr/bin/cat'), path.join(open, 'usr/bin/leaking'));
    const arguments_ = [open, '--host', host, '--', 'leaking', '/etc/passwd'];
    const { status, stderr } = await flix(['try', ...arguments_]);
    expect(status).toBe(0);
    expect(stderr).toMatch(/leak +\/usr\/lib\/x86_64-linux-gnu\/libc\.so\.6, loaded by \/usr\/bin\/leaking/);
    expect(stderr).toMatch(/reads +\/etc\/passwd of the host/);
    expect((await flix(['try', '--strict', ...arguments_])).status).toBe(1);
  });

  it('runs a program where only its tree exists', async () => {
    const { status, stdout, report } = await attempt(['--alone'], 'vim.basic', '--version');
    expect(status).toBe(0);
    expect(stdout).toContain('VIM - Vi IMproved');
    expect(report).toMatchObject({ hostLibraries: [], hostData: [] });
    expect((await attempt(['--alone'], 'sh', '-c', 'true')).status).not.toBe(0);
  });

  it('shows /usr read-only, everything else in a layer that vanishes, and no network', async () => {
    const before = snapshot(tree);
    const script =
      'touch /usr/written 2>/dev/null; echo $?; echo gone > /etc/written; cat /etc/written; grep -o "[a-z0-9]*:" /proc/net/dev';
    const { stdout } = await attempt(['--host', host], 'sh', '-c', script);
    expect(stdout.split('\n')).toEqual(['1', 'gone', 'lo:']); // no network but the loopback device
    expect(fs.existsSync(path.join(host, 'etc/written'))).toBe(false);
    expect(snapshot(tree)).toEqual(before);
  });

  it.runIf(has('tool:mkfs.erofs'))('takes an image', async () => {
    const image = path.join(scratch, 'vim.raw');
    expect((await flix(['pack', tree, '--format', 'erofs', '-o', image])).status).toBe(0);
    const { status, stdout } = await flix(['try', image, '--alone', '--', 'vim.basic', '--version']);
    expect({ status, said: stdout.includes('Vi IMproved') }).toEqual({ status: 0, said: true });
  });

  it.runIf(has('root', 'userNamespace'))('works for a user other than root', async () => {
    const bundle = path.join(scratch, 'flix.mjs');
    fs.copyFileSync(new URL('../../dist/flix.mjs', import.meta.url), bundle);
    const as = [`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
    const { stdout, stderr } = await execa(
      'setpriv',
      as.concat(process.execPath, bundle, 'try', tree, '--alone', '--', 'vim.basic', '--version'),
    );
    expect(stdout).toContain('VIM - Vi IMproved');
    expect(stderr).toContain('0 libraries of the host');
  });

  it('says that nothing is known without strace', async () => {
    const tools = path.join(scratch, 'tools');
    fs.mkdirSync(tools);
    for (const tool of ['setpriv', 'unshare', 'mount', 'bwrap', 'sh', 'env', 'mkdir', 'ln'])
      fs.symlinkSync((await execa('which', [tool])).stdout, path.join(tools, tool));
    // Debian has strace in /usr/bin, and flix itself adds only the sbin directories
    const result = await flix(['try', tree, '--alone', '--', 'vim.basic', '--version'], {
      env: { PATH: tools },
    });
    expect(result.status).toBe(0);
    expect(result.stderr).toMatch(/strace is not installed, so what it opened is unknown/);
  });

  it('refuses what cannot be tried', async () => {
    for (const [args, says] of [
      [['--alone', tree], 'no command is named'],
      [['--alone', '--', 'true'], 'nothing is named before the --'],
      [['--alone', '--host', '/', tree, '--', 'true'], 'contradict each other'],
      [['--env', 'x', tree, '--', 'true'], 'is not NAME=VALUE'],
      [['/no/such/tree', '--', 'true'], '/no/such/tree'],
    ] as const) {
      const { status, stderr } = await flix(['try', ...args]);
      expect({ status, says: stderr.includes(says), stderr }).toMatchObject({ status: 2, says: true });
    }
  });

  it('refuses a report that it could not write before it runs the command', async () => {
    const file = path.join(scratch, 'a-file');
    fs.writeFileSync(file, '');
    fs.mkdirSync(path.join(scratch, 'a-directory'));
    for (const report of [path.join(file, 'report.json'), path.join(scratch, 'a-directory')])
      for (const [name, argument] of [
        ['try', tree],
        ['trace', '/usr/bin/cat'],
      ] as const) {
        const operands = name === 'trace' ? [host, argument] : [argument, '--host', host];
        const { status, stdout, stderr } = await flix([
          name,
          ...operands,
          '--report',
          report,
          '--',
          'echo',
          'ran',
        ]);
        expect({ status, stdout, stderr }).toMatchObject({
          status: expect.toSatisfy((value: number) => value === 2 || value === 5),
          stdout: '',
          stderr: expect.stringContaining(path.join(scratch, 'a-')),
        });
      }
  });

  it('names a program that a wrapped tree does not have', async () => {
    const wrapped = path.join(scratch, 'not-there');
    const made = await flix(
      ['vendor', host, '/usr/bin/cat:/usr/bin/show', '--mode', 'flatwrap', '--trim', '--name', 'app'].concat(
        '--out',
        wrapped,
      ),
    );
    expect(made).toMatchObject({ status: 0 });
    const { status, stderr } = await flix(['try', wrapped, '--host', host, '--', 'not-there']);
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('not-there was not started in the private root'),
    });
  });

  it.runIf(has('root', 'userNamespace'))(
    'tells an ordinary user that nothing can be merged over a directory with mounts, as the kernel refuses it',
    async () => {
      const place = path.join(scratch, 'mounted');
      fs.mkdirSync(path.join(place, 'usr/inner'), { recursive: true });
      const user = `setpriv --reuid ${USER} --regid ${USER} --clear-groups`;
      const overlay = `unshare --user --map-root-user --mount mount -t overlay -o lowerdir=${place}/usr:/etc none /mnt`;
      const script = `mount -t tmpfs none ${place}/usr/inner
! ${user} ${overlay} || echo 'the kernel merged it'
exec ${user} ${process.execPath} bin/flix.js try ${place} --alone -- true`;
      const { exitCode, stdout, stderr } = await execa('unshare', ['--mount', 'sh', '-c', script], {
        reject: false,
        env: { HOME: scratch },
      });
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 3, stdout: '' });
      expect(stderr).toContain(
        `only root can merge extensions over ${place}/usr, because other file systems`,
      );
    },
  );

  it('prints with -v the tool that runs the command, and its options', async () => {
    const { stderr } = await flix(['try', tree, '--host', host, '-v', '--', 'true']);
    expect(stderr).toMatch(/^running bwrap .* -- true$/m);
  });

  it('refuses trees and hosts that cannot be merged', async () => {
    const at = (name: string) => path.join(scratch, name);
    for (const name of ['none', 'linked/real', 'file', 'whole/usr/share', 'top'])
      fs.mkdirSync(at(name), { recursive: true });
    fs.symlinkSync('real', at('linked/usr'));
    fs.writeFileSync(at('file/usr'), '');
    fs.symlinkSync('.', at('top/usr'));
    const inner = at('whole/usr/share/inner');
    fs.mkdirSync(path.join(inner, 'usr'), { recursive: true });
    for (const [args, says] of [
      [[at('none')], `${at('none')} contains no directory usr or opt`],
      [[at('linked')], `${at('linked')} contains no directory usr or opt`],
      [[tree, tree], `${tree}/usr would be merged twice`],
      [[host], `${host}/usr would be merged twice`],
      [[inner, at('whole')], `${inner}/usr would be merged over ${at('whole')}/usr, which contains it`],
      [[tree, '--host', at('file')], '/usr of the host is not a directory'],
      [[tree, '--host', at('top')], '/usr of the host is a link to /,'],
    ] as const) {
      const over = args.some(argument => argument === '--host') ? [] : ['--host', host];
      const { status, stderr } = await flix(['try', ...args, ...over, '--', 'true']);
      expect({ status, says: stderr.includes(says), stderr }).toMatchObject({ status: 2, says: true });
    }
  });

  it('merges as many extensions as sysext does, with names of all kinds', async () => {
    const names = [...Array.from({ length: 40 }, (_, i) => `tree${i}`), 'a,b:c d=e\\f"$x\'', 'new\nline'];
    const trees = names.map((name, i) => {
      const file = path.join(scratch, 'many', name, `usr/share/many/${i}`);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, '');
      return path.join(scratch, 'many', name);
    });
    const { stdout } = await flix(['try', ...trees, '--host', host, '-q', '--', 'ls', '/usr/share/many']);
    expect(stdout.split('\n')).toHaveLength(trees.length);
  });

  it('leaves no process, mount or file behind, even if it is killed', async () => {
    await inScratch(async at => {
      fs.mkdirSync(at('tmp'));
      const mark = `${process.pid}98765`;
      const alive = () =>
        fs
          .readdirSync('/proc')
          .filter(pid => /^\d+$/.test(pid))
          .some(pid => {
            try {
              return fs.readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`sleep\0${mark}`);
            } catch {
              return false; // it ended meanwhile
            }
          });
      const mounts = fs.readFileSync('/proc/self/mounts', 'utf8');
      const run = new Run(['try', tree, '--host', host, '--', 'sleep', mark], { TMPDIR: at('tmp') });
      await waitFor(alive);
      run.signal('SIGKILL');
      await run.ended;
      await waitFor(() => !alive());
      expect(fs.readFileSync('/proc/self/mounts', 'utf8')).toBe(mounts);
      expect(fs.readdirSync(at('tmp'))).toEqual([]);
    });
  });
});
