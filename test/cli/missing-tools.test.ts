import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { flix, makeRoot, picture, small } from './flix.ts';

const at = scratch();
const app = '/usr/bin/app';

/** Whether hiding a tool from `PATH` hides it from flix, which always searches the sbin directories too. */
const nowhereElse = (tool: string) =>
  !['/usr/sbin', '/sbin'].some(directory => fs.existsSync(path.join(directory, tool)));

/** Returns a `PATH` with all tools of this machine except some. */
function pathWithout(...tools: readonly string[]): Record<string, string> {
  const directory = at('tools');
  fs.mkdirSync(directory);
  for (const from of ['/usr/bin', '/bin'])
    for (const name of fs.readdirSync(from))
      if (!tools.includes(name) && !fs.existsSync(path.join(directory, name)))
        fs.symlinkSync(path.join(from, name), path.join(directory, name));
  return { PATH: directory };
}

/** Covers `/usr/sbin` by `$1`, keeps what it holds reachable at `$0`, and runs the other arguments. */
const COVER = 'mount --bind /usr/sbin "$0" && mount --bind "$1" /usr/sbin && shift && exec "$@"';

/** Runs flix where some tools of `/usr/bin` and `/usr/sbin` are missing. */
function flixWithout(tools: readonly string[], args: readonly string[]) {
  const [covered, sbin] = [at('sbin'), at('some-of-sbin')];
  for (const directory of [covered, sbin]) fs.mkdirSync(directory);
  for (const name of fs.readdirSync('/usr/sbin'))
    if (!tools.includes(name)) fs.symlinkSync(path.join(covered, name), path.join(sbin, name));
  const under = ['unshare', '--mount', 'sh', '-c', COVER, covered, sbin];
  return flix(args, { env: pathWithout(...tools), under });
}

it.runIf(has('loader:glibc') && nowhereElse('patchelf'))(
  'vendor fails without patchelf if the interpreter does not fit into its old place',
  async () => {
    const root = makeRoot(at('root'), {
      ...small,
      [app]: { interp: '/ld.so', needed: ['libc.so.6'] },
      '/ld.so': { link: 'lib64/ld-linux-x86-64.so.2' },
    });
    const { stderr, status } = await flix(['vendor', root, app, '--out', at('out')], {
      env: pathWithout('patchelf'),
    });
    expect(stderr).toContain('patchelf is not installed: it sets run paths');
    expect(stderr).toContain(
      '\n  Debian, Ubuntu: apt-get install patchelf; Fedora: dnf install patchelf; Alpine: apk add patchelf',
    );
    expect(status).toBe(3);
    expect(fs.readdirSync(at()).sort()).toEqual(['root', 'tools']);
  },
);

it.runIf(has('loader:glibc', 'chroot') && nowhereElse('mkfs.erofs'))(
  'vendor --pack makes the tree but no image without mkfs.erofs',
  async () => {
    const root = makeRoot(at('root'));
    const env = pathWithout('mkfs.erofs');
    const { stderr, status } = await flix(['vendor', root, app, '--out', at('out'), '--pack'], { env });
    expect(stderr).toContain('mkfs.erofs is not installed: it makes erofs images');
    expect(stderr).toContain('apt-get install erofs-utils');
    expect(status).toBe(3);
    expect(fs.readdirSync(at()).sort()).toEqual(['app.proof.json', 'out', 'root', 'tools']);
  },
);

it.runIf(has('loader:glibc', 'chroot'))(
  'vendor works without flock and getcap, and reports what it cannot do',
  async () => {
    const root = makeRoot(at('root'));
    expect(await flix(['vendor', root, app, '--out', at('good')])).toMatchObject({ status: 0 });
    const { stderr, status } = await flix(['vendor', root, app, '--out', at('out')], {
      env: pathWithout('flock', 'getcap'),
    });
    expect(stderr).toContain('cannot be locked (flock is not installed)');
    expect(status).toBe(0);
    expect(picture(at('out'))).toEqual(picture(at('good')));
  },
);

it.runIf(has('loader:glibc', 'chroot', 'mountNamespace', 'tool:setcap', 'tool:getcap', 'tool:mkfs.erofs'))(
  'vendor --pack makes the same tree and image without chroot and getcap, and only the proof differs',
  async () => {
    const root = makeRoot(at('root'));
    execaSync('setcap', ['cap_net_raw+ep', root + app]);
    const made = (directory: string) => {
      const entries = picture(at(directory)).filter(entry => !entry.startsWith('app.proof.json '));
      const proof = JSON.parse(fs.readFileSync(at(directory, 'app.proof.json'), 'utf8')) as unknown;
      return { entries, proof };
    };
    const args = (directory: string) => [
      'vendor',
      root,
      app,
      '--out',
      at(directory, 'app'),
      '--pack',
      '--json',
    ];
    const equipped = await flix(args('equipped'));
    expect(equipped).toMatchObject({ status: 0 });
    const bare = await flixWithout(['chroot', 'getcap'], args('bare'));
    expect(bare).toMatchObject({ status: 0 });

    const [proven, unproven] = [made('equipped'), made('bare')];
    expect(unproven.entries).toEqual(proven.entries);
    expect(proven.entries.map(entry => entry.split(' ')[0])).toContain('app.raw');
    const common = {
      schema: 'flix.proof/1',
      name: 'app',
      manifest: { path: '/usr/local/app/manifest.json' },
    };
    expect(proven.proof).toMatchObject({
      ...common,
      loader: 'asked',
      notRun: null,
      capabilities: 'read',
      remarks: [{ code: 'capabilities-cleared', file: app }],
    });
    expect(unproven.proof).toMatchObject({
      ...common,
      loader: 'not asked',
      notRun: 'chroot is not installed',
      capabilities: 'not read',
      remarks: [],
    });
    for (const [{ stdout }, { proof }] of [
      [equipped, proven],
      [bare, unproven],
    ] as const)
      expect((JSON.parse(stdout) as { proof: unknown }).proof).toEqual(proof);
  },
);

it.runIf(has('loader:glibc', 'chroot', 'tool:setcap', 'tool:getcap'))(
  'vendor clears setuid, setgid and capabilities, and reports it on standard error, in the manifest and in the proof',
  async () => {
    const root = makeRoot(at('root'), {
      ...small,
      '/usr/bin/a b\ncap_x=ep': small[app]!,
      '/usr/bin/static': { type: 'exec' },
    });
    const files = [app, '/usr/bin/a b\ncap_x=ep', '/usr/bin/static'];
    for (const file of files) execaSync('setcap', ['cap_net_raw,cap_sys_nice+ep', root + file]);
    fs.chmodSync(root + app, 0o6755);
    execaSync('setcap', ['cap_net_raw+ep', root + app]); // chmod keeps it, chown would not
    const result = await flix(['vendor', root, ...files, '--name', 'x', '--out', at('out')]);
    expect(result).toMatchObject({ status: 0 });
    expect(result.stderr).toContain('/usr/bin/app: its setuid bit is cleared');
    expect(result.stderr).toContain('/usr/bin/app: its setgid bit is cleared');
    expect(result.stderr).toContain('/usr/bin/app: its capabilities (cap_net_raw=ep) are cleared');
    expect(result.stderr).toContain(
      '/usr/bin/static: its capabilities (cap_net_raw,cap_sys_nice=ep) are cleared',
    );
    expect(fs.statSync(at('out', app)).mode & 0o7777).toBe(0o755);
    expect(execaSync('getcap', ['-r', at('out')]).stdout).toBe('');
    const remarked = (file: string, wanted: string) =>
      (JSON.parse(fs.readFileSync(file, 'utf8')) as { remarks: { code: string; file: string }[] }).remarks
        .filter(({ code }) => code === wanted)
        .map(remark => remark.file)
        .sort();
    expect(remarked(at('out/usr/local/x/manifest.json'), 'setuid-cleared')).toEqual([app]);
    // getcap may be missing, and the manifest must not depend on that
    expect(remarked(at('out/usr/local/x/manifest.json'), 'capabilities-cleared')).toEqual([]);
    expect(remarked(at('x.proof.json'), 'capabilities-cleared')).toEqual([...files].sort());
  },
);

it.runIf(has('loader:glibc', 'chroot', 'tool:setcap', 'tool:getcap'))(
  'vendor clears them in a tree that is completed in place too',
  async () => {
    makeRoot(at('staging'));
    const tree = makeRoot(
      at('tree'),
      { '/usr/bin/static': { type: 'exec' }, '/usr/bin/script': { text: '#!/bin/sh\n' } },
      'none',
    );
    execaSync('setcap', ['cap_net_raw+ep', `${tree}/usr/bin/static`]);
    const result = await flix(['vendor', tree, '--staging', at('staging')]);
    expect(result.stderr).toContain('/usr/bin/static: its capabilities (cap_net_raw=ep) are cleared');
    expect(result.status).toBe(0);
    expect(execaSync('getcap', ['-r', tree]).stdout).toBe('');
  },
);
