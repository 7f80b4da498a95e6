import fs from 'node:fs';
import os from 'node:os';
import nodePath from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const able = has(
  'root',
  'chroot',
  'archive',
  'tool:mkfs.erofs',
  'tool:mksquashfs',
  'tool:unsquashfs',
  'tool:getfattr',
  'tool:setpriv',
);
let scratch: string;
let policy: string;
/** The label that matchpathcon of the target gives each path of the tree, by the path that it was copied from. */
let expected: Map<string, string>;
const at = (...parts: string[]) => nodePath.join(scratch, ...parts);

/** Parses the output of getfattr(1) for a directory. Returns labels by path. */
function readLabels(told: string, directory: string): Map<string, string> {
  const entries = told.matchAll(/^# file: (.*)\nsecurity\.selinux="(.*)"$/gm);
  return new Map([...entries].map(([, file, label]) => [file!.slice(directory.length), label!]));
}

const sorted = (labels: ReadonlyMap<string, string>) =>
  [...labels].map(([path, label]) => `${path} ${label}`).sort();

describe.runIf(able)('a user who packs with --file-contexts gets the labels of the target', () => {
  beforeAll(async () => {
    scratch = fs.mkdtempSync(nodePath.join(os.tmpdir(), 'flix-e2e-'));
    fs.chmodSync(scratch, 0o777);
    policy = fs.realpathSync(await labRoot('selinux-bookworm'));
    const root = await labRoot('apps-bookworm');
    const named = ['/usr/sbin/nginx', '/usr/share/nginx', '/usr/bin/btop'];
    await flix('vendor', root, ...named, '--name', 'web', '--out', at('web'), '--quiet');
    fs.writeFileSync(at('web/usr/bin/a name'), '');
    fs.writeFileSync(at('web/usr/bin/mount'), '');
    expected = await byMatchpathcon(at('web'));
  });
  afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }));

  async function byMatchpathcon(tree: string): Promise<Map<string, string>> {
    const { files } = JSON.parse(fs.readFileSync(`${tree}/usr/local/web/manifest.json`, 'utf8')) as {
      files: { path: string; link?: string; origin?: { path: string } }[];
    };
    const origins = new Map(files.map(file => [file.path, file.origin?.path]));
    const paths = fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }).map(name => `/${name}`);
    const labels = new Map<string, string>();
    for (const kind of ['dir', 'file', 'symlink']) {
      const some = paths.filter(name => kindOf(fs.lstatSync(tree + name)) === kind);
      if (some.length === 0) continue;
      const asked = some.map(name => origins.get(name) ?? name);
      const { stdout } = await execa('chroot', [policy, 'matchpathcon', '-n', '-m', kind, ...asked]);
      for (const [i, label] of stdout.split('\n').entries()) labels.set(some[i]!, label);
    }
    return labels;
  }

  async function packed(format: string): Promise<string> {
    const output = at(`web.${format}.raw`);
    const user = ['--reuid=1000', '--regid=1000', '--clear-groups', process.execPath];
    const bundle = new URL('../../dist/flix.mjs', import.meta.url).pathname;
    fs.copyFileSync(bundle, at('flix.mjs'));
    fs.mkdirSync(at('policy'), { recursive: true });
    // a user cannot read a host's policy store and does not have to: these files are enough
    const contexts = `${policy}/etc/selinux/default/contexts/files`;
    for (const file of fs.readdirSync(contexts).filter(name => !name.endsWith('.bin') && name !== 'media'))
      fs.copyFileSync(`${contexts}/${file}`, at('policy', file));
    const options = [
      '--format',
      format,
      '--name',
      'web',
      '--file-contexts',
      at('policy/file_contexts'),
      '--quiet',
    ];
    await execa('setpriv', [...user, at('flix.mjs'), 'pack', at('web'), '-o', output, ...options]);
    return output;
  }

  it('in a squashfs', async () => {
    const image = await packed('squashfs');
    await execa('unsquashfs', ['-quiet', '-no-progress', '-d', at('unpacked'), image]);
    // the root directory has no label there, and systemd does not merge it
    const asked = ['-R', '-h', '-n', 'security.selinux', '--absolute-names', at('unpacked/usr')];
    const { stdout } = await execa('getfattr', asked);
    expect(sorted(readLabels(stdout, at('unpacked')))).toEqual(sorted(expected));
    expect(new Set(expected.values()).size).toBeGreaterThan(4);
  });

  it.runIf(has('loopDevice', 'mountNamespace'))('in an erofs', async () => {
    const image = await packed('erofs');
    fs.mkdirSync(at('mounted'));
    const script = 'mount -o loop,ro "$1" "$2" && getfattr -R -h -n security.selinux --absolute-names "$2"';
    const { stdout } = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', image, at('mounted')]);
    const found = readLabels(stdout, at('mounted'));
    expect(found.get('')).toBe('system_u:object_r:root_t:s0');
    found.delete('');
    expect(sorted(found)).toEqual(sorted(expected));
  });

  it('and the same image each time', async () => {
    for (const format of ['erofs', 'squashfs']) {
      const first = fs.readFileSync(await packed(format));
      fs.utimesSync(at('web/usr/bin/a name'), 1, 1);
      expect(fs.readFileSync(await packed(format)).equals(first), format).toBe(true);
    }
  });
});

function kindOf(stat: fs.Stats): string {
  return stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : 'file';
}
