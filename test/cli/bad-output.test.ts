import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { HANG_MS, flix, makeRoot, picture, small } from './flix.ts';

const at = scratch();
const app = '/usr/bin/app';
const bin = path.resolve(import.meta.dirname, '../../bin/flix.js');

function world(): string {
  fs.mkdirSync(at('mine'));
  fs.writeFileSync(at('mine/precious'), 'precious');
  return makeRoot(at('root'));
}

it.runIf(has('root', 'mountNamespace', 'loader:glibc'))(
  'an output path with a mount inside is refused and left as it is',
  async () => {
    world();
    fs.mkdirSync(at('tree/usr/bin'), { recursive: true });
    fs.mkdirSync(at('tree/usr/share/data'), { recursive: true });
    fs.copyFileSync(at('root/usr/bin/app'), at('tree/usr/bin/app'));
    const before = picture(at());
    const script = 'mount --bind mine tree/usr/share/data && "$@"';
    const command = [process.execPath, bin, 'vendor', 'tree', '--staging', 'root', '--name', 'app'];
    const run = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], {
      reject: false,
      cwd: at(),
    });
    expect(run.stderr).toContain('/tree/usr/share/data is a mount point');
    expect(run.exitCode).toBe(5);
    expect(picture(at())).toEqual(before);
  },
);

describe('an output path that holds something else', () => {
  it.each<[out: string, force: boolean, says: string[]]>([
    ['mine', false, ['/mine contains files that flix did not make', '--force']],
    ['mine/precious', false, ['/mine/precious exists and is not a directory']],
    ['mine/precious', true, ['/mine/precious exists and is not a directory', 'remove it']],
    ['link', true, ['/link is a link to mine']],
    ['dangling', true, ['/dangling is a link to nowhere']],
    ['root', true, ['/root is the root ', 'would be replaced', 'Name another place with --out']],
    ['alias', true, ['/alias is the root ']],
    ['.', true, ['contains the root ']],
    ['root/usr', true, ['/root/usr contains ', '/root/usr/bin/app, which is copied into the tree']],
    ['', true, ['--out is empty']],
  ])('--out %j, --force %s', async (out, force, says) => {
    world();
    fs.symlinkSync('mine', at('link'));
    fs.symlinkSync('nowhere', at('dangling'));
    fs.symlinkSync('root', at('alias'));
    const before = picture(at());
    const { stderr, status, stdout } = await flix(
      ['vendor', 'root', app, '--out', out, ...(force ? ['--force'] : [])],
      { cwd: at() },
    );
    for (const text of says) expect(stderr).toContain(text);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(picture(at())).toEqual(before);
  });

  it('is refused if it is a staging root, and if it is named twice', async () => {
    makeRoot(at('tree'), { [app]: small[app]! }, 'none');
    world();
    const before = picture(at());
    for (const args of [
      ['--staging', 'root', '--out', 'root', '--force'],
      ['--staging', 'tree', '--staging', 'root', '--force'],
    ]) {
      const { stderr, status } = await flix(['vendor', 'tree', ...args], { cwd: at() });
      expect(stderr).toMatch(/is the root .* that files are taken from/);
      expect(status).toBe(2);
    }
    expect(picture(at())).toEqual(before);
  });
});

describe('an output path that cannot be written', () => {
  it.each<[string, string, string]>([
    ['mine/precious/out', 'cannot make', '/mine/precious'],
    ['mine/precious/x/out', 'cannot make', '/mine/precious/x: a component of the path is not a directory'],
    ['x'.repeat(300), 'the name is too long', ''],
  ])('%s', async (out, ...says) => {
    const root = world();
    const { stderr, status } = await flix(['vendor', root, app, '--out', out], { cwd: at() });
    for (const text of says) expect(stderr).toContain(text);
    expect(status).toBe(5);
    expect(fs.readdirSync(at()).sort()).toEqual(['mine', 'root']);
  });

  const mounts: string[] = [];
  afterEach(() => mounts.splice(0).forEach(place => execaSync('umount', ['-l', place])));

  function mount(place: string, options: string): string {
    fs.mkdirSync(place);
    execaSync('mount', ['-t', 'tmpfs', '-o', options, 'flix-test', place]);
    mounts.push(place);
    return place;
  }
  const canMount =
    has('root', 'tool:mount') &&
    execaSync(
      'sh',
      ['-c', 'd=$(mktemp -d) && mount -t tmpfs flix-test "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s'],
      { reject: false },
    ).exitCode === 0;

  it.runIf(canMount && has('loader:glibc'))('on a full disk keeps the earlier tree', async () => {
    const root = makeRoot(at('root'), { ...small, '/usr/share/big': { text: 'x'.repeat(900_000) } });
    const disk = mount(at('disk'), 'size=1m');
    const args = ['vendor', root, app, '--out', `${disk}/out`];
    expect(await flix(args)).toMatchObject({ status: 0 });
    const before = picture(disk);
    const { stderr, status } = await flix([...args, '/usr/share/big']);
    expect(stderr).toContain(
      `cannot write ${disk}/out: no space left on the device\n  Free some space, or write to another place.`,
    );
    expect(status).toBe(5);
    expect(picture(disk)).toEqual(before);
  });

  it.runIf(canMount && has('tool:mkfs.erofs', 'tool:veritysetup', 'tool:sfdisk'))(
    'on a disk that is too small for the image keeps the earlier image',
    async () => {
      const tree = makeRoot(
        at('tree'),
        { '/usr/lib/extension-release.d/extension-release.x': { text: 'ID=_any\n' }, '/usr/bin/x': {} },
        'none',
      );
      const disk = mount(at('disk'), 'size=4m');
      const args = ['pack', tree, '-o', `${disk}/x.raw`, '--quiet'];
      expect(await flix(args)).toMatchObject({ status: 0 });
      const before = picture(disk);
      for (const bytes of [2_200_000, 8_000_000]) {
        fs.writeFileSync(`${tree}/usr/random`, randomBytes(bytes));
        const { stderr, status } = await flix(args);
        expect(stderr).toContain('no space left');
        expect(status).toBe(5);
        expect(picture(disk)).toEqual(before);
      }
    },
  );

  it.runIf(canMount)('on a read-only file system is an I/O failure', async () => {
    const root = makeRoot(at('root'));
    const disk = mount(at('disk'), 'ro');
    const { stderr, status } = await flix(['vendor', root, app, '--out', `${disk}/out`]);
    expect(stderr).toContain(
      `cannot write into ${disk}: the file system is read-only\n  Write to another place.`,
    );
    expect(status).toBe(5);
  });

  it.runIf(has('root') && canRunAs(65534))(
    'in a directory of another user is refused, and so is an unreadable root',
    async () => {
      const root = makeRoot(at('root'));
      fs.chmodSync(at(), 0o755);
      const as = (...args: string[]) => asUser(args, at());
      const written = await as('vendor', root, app, '--out', at('out'));
      expect(written.stderr).toContain(`cannot write into ${at()}: permission denied`);
      expect(written.exitCode).toBe(5);
      fs.mkdirSync(at('open'));
      fs.chmodSync(at('open'), 0o777);
      fs.chmodSync(root + app, 0o600);
      const unreadable = await as('vendor', root, app, '--name', 'x', '--out', at('open/out'));
      expect(unreadable.stderr).toContain(`${app} cannot be read (EACCES)`);
      expect(unreadable.exitCode).toBe(5);
      expect(fs.readdirSync(at('open'))).toEqual([]);
      fs.chmodSync(`${root}/usr/bin`, 0o700);
      const closed = await as('vendor', root, app, '--name', 'x', '--out', at('open/out'));
      expect(closed.stderr).toContain('/usr/bin');
      expect(closed.stderr).not.toContain('bug');
    },
  );
});

function asUser(args: readonly string[], cwd: string) {
  return execa(process.execPath, [bin, ...args], {
    reject: false,
    uid: 65534,
    gid: 65534,
    cwd,
    stdin: 'ignore',
    timeout: HANG_MS,
  });
}

function canRunAs(uid: number): boolean {
  return (
    execaSync(process.execPath, [bin, '--version'], {
      reject: false,
      cwd: '/',
      ...(process.getuid?.() === 0 && { uid, gid: uid }),
    }).exitCode === 0
  );
}
