import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFeedVersion } from '../../src/pack/feed/names.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { sha256 } from '../lab/snapshot.ts';
import { labRoot } from '../lab/roots.ts';
import { demoTree } from '../verify/tree.ts';

/** Has systemd-sysupdate of Debian 13 use a feed that is served on the loopback interface and signed with gpg. */

const ENTER = `
root=$1 state=$2; shift 2
mkdir -p "$state/upper" "$state/work" "$state/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$state/upper,workdir=$state/work" "$state/root"
mount --rbind /dev "$state/root/dev"
mount -t proc proc "$state/root/proc"
exec chroot "$state/root" "$@"`;

const able = has(
  'root',
  'archive',
  'mountNamespace',
  'tool:gpg',
  'tool:mkfs.erofs',
  'tool:sfdisk',
  'tool:veritysetup',
);

describe.runIf(able)('systemd-sysupdate', () => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-feed-'));
  const at = (...parts: string[]) => path.join(work, ...parts);
  const server = http.createServer((request, response) => {
    const file = at('feed', path.basename(request.url ?? '/'));
    if (fs.existsSync(file)) fs.createReadStream(file).pipe(response);
    else response.writeHead(404).end();
  });
  const before = process.env['GNUPGHOME'];
  let host = '';
  let url = '';

  beforeAll(async () => {
    host = await labRoot('update-trixie');
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    process.env['GNUPGHOME'] = at('gnupg');
    fs.mkdirSync(at('gnupg'), { mode: 0o700 });
    const options = ['--batch', '--passphrase', '', '--quick-generate-key'];
    execaSync('gpg', [...options, 'feed@example.org', 'ed25519', 'sign', '0']);
  });
  afterAll(async () => {
    server.close();
    await execa('gpgconf', ['--kill', 'gpg-agent'], { reject: false });
    if (before === undefined) delete process.env['GNUPGHOME'];
    else process.env['GNUPGHOME'] = before;
    fs.rmSync(work, { recursive: true, force: true });
  });

  async function publish(version: string, ...options: string[]) {
    const tree = at(`tree-${version}`);
    fs.rmSync(tree, { recursive: true, force: true });
    fs.writeFileSync(path.join(demoTree(tree), 'usr/share/demo/version'), version);
    const feed = ['--feed', at('feed'), '--gpg-key', 'feed@example.org', ...options];
    return await flix('pack', tree, '--version', version, '--compress', 'fast', '--force', ...feed);
  }

  const sysupdate = (...options: string[]) => sysupdateIn('state', 'demo', ...options);
  async function sysupdateIn(state: string, name: string, ...options: string[]) {
    const command = ['/usr/lib/systemd/systemd-sysupdate', '-C', name, ...options];
    return await execa('unshare', ['--mount', 'sh', '-euc', ENTER, 'enter', host, at(state), ...command], {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  }
  const installed = () => fs.readdirSync(at('state/upper/opt/extensions/demo')).sort();
  const active = () => path.basename(fs.readlinkSync(at('state/upper/etc/extensions/demo.raw')));

  it('lists exactly the versions that a feed accepts', async () => {
    const versions = [
      '1',
      '1.2-rc1',
      '1.2+git5',
      '1_3',
      '1,2',
      '1.2~rc1',
      '1.2^git1',
      '1:2',
      '1 2',
      'v1.2',
      '1.2=3',
      '%1',
    ];
    const images = at('state/upper/srv/versions');
    fs.mkdirSync(images, { recursive: true });
    for (const version of versions) fs.writeFileSync(path.join(images, `it-${version}.raw`), '');
    const transfer = at('state/upper/etc/sysupdate.it.d/it.transfer');
    fs.mkdirSync(path.dirname(transfer), { recursive: true });
    const side = (directory: string) => `Type=regular-file\nPath=${directory}\nMatchPattern=it-@v.raw\n`;
    fs.writeFileSync(
      transfer,
      `[Transfer]\nVerify=no\n[Source]\n${side('/srv/versions')}[Target]\n${side('/srv')}InstancesMax=2\n`,
    );
    const { stdout } = await sysupdate('--component=it', '--json=short', 'list');
    const { all } = JSON.parse(stdout) as { readonly all: readonly string[] };
    const isAccepted = (version: string) => {
      try {
        checkFeedVersion(version);
        return true;
      } catch {
        return false;
      }
    };
    expect([...all].sort()).toEqual(versions.filter(isAccepted).sort());
  });

  it('verifies and installs each new version from a feed of flix, and keeps two versions', async () => {
    await publish('1.9', '--feed-url', url);
    for (const [name, to] of [
      ['demo.transfer', 'etc/sysupdate.demo.d/demo.transfer'],
      ['import-pubring.gpg', 'etc/systemd/import-pubring.gpg'],
    ] as const) {
      const target = at('state/upper', to);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.copyFileSync(at('feed', name), target);
    }
    fs.mkdirSync(at('state/upper/etc/extensions'));
    const seen: (readonly [string, string[]])[] = [];
    for (const version of ['1.9', '1.10', '1.11']) {
      if (version !== '1.9') await publish(version);
      const { exitCode, stderr } = await sysupdate('update');
      expect(exitCode, stderr).toBe(0);
      seen.push([active(), installed()]);
    }
    const file = (version: string) => `demo-${version}-x86-64.raw`;
    expect(seen).toEqual([
      [file('1.9'), [file('1.9')]],
      [file('1.10'), [file('1.10'), file('1.9')]],
      [file('1.11'), [file('1.10'), file('1.11')]],
    ]);
    expect(fs.readFileSync(at('feed/latest'), 'utf8')).toBe(`demo x86-64 1.11 ${file('1.11')}\n`);
    const bytes = fs.readFileSync(at('state/upper/opt/extensions/demo', file('1.11')));
    expect(bytes.equals(fs.readFileSync(at('feed', file('1.11'))))).toBe(true);
  });

  it('gives each host the image for its release, and to every host an image for all releases', async () => {
    const [root, bookworm, trixie] = await Promise.all([
      labRoot('apps-bookworm'),
      labRoot('host-bookworm'),
      labRoot('host-trixie'),
    ]);
    const vendored = ['vendor', root, '/usr/bin/tilde', '--out', at('tilde'), '-q'];
    const feed = ['--feed', at('feed'), '--feed-url', url, '--compress', 'fast', '-q'];
    await flix(...vendored, '--host', bookworm, '--host', trixie, '--per-host');
    for (const release of ['debian-12', 'debian-13'])
      await flix('pack', at(release, 'tilde'), '--version', '1', '--gpg-key', 'feed@example.org', ...feed);
    expect(fs.readFileSync(at('feed/latest'), 'utf8')).toContain(
      'tilde~debian~12 x86-64 1 tilde~debian~12~1-x86-64.raw\ntilde~debian~13 x86-64 1 tilde~debian~13~1-x86-64.raw\n',
    );
    const updated = async (version: string) => {
      const upper = at('on', version, 'upper');
      for (const directory of ['etc/sysupdate.tilde.d', 'etc/systemd', 'etc/extensions'])
        fs.mkdirSync(path.join(upper, directory), { recursive: true });
      fs.writeFileSync(path.join(upper, 'etc/os-release'), `ID=debian\nVERSION_ID=${version}\n`);
      fs.copyFileSync(at('feed/tilde.transfer'), path.join(upper, 'etc/sysupdate.tilde.d/tilde.transfer'));
      fs.copyFileSync(at('feed/import-pubring.gpg'), path.join(upper, 'etc/systemd/import-pubring.gpg'));
      await sysupdateIn(`on/${version}`, 'tilde', 'update');
      const link = path.join(upper, 'etc/extensions/tilde.raw');
      if (!fs.existsSync(path.dirname(link)) || !fs.lstatSync(link, { throwIfNoEntry: false }))
        return undefined;
      const name = path.basename(fs.readlinkSync(link));
      return [name, sha256(path.join(upper, 'opt/extensions/tilde', name))] as const;
    };
    const published = (name: string) => sha256(at('feed', name));
    for (const version of ['12', '13']) {
      const name = `tilde~debian~${version}~1-x86-64.raw`;
      expect(await updated(version)).toEqual([name, published(name)]);
    }
    // no image of the feed is for this release
    expect(await updated('1')).toBeUndefined();
    // the next version is for all hosts
    await flix(...vendored);
    await flix('pack', at('tilde'), '--version', '2', '--gpg-key', 'feed@example.org', ...feed);
    expect(await updated('13')).toEqual(['tilde~debian~13~2-x86-64.raw', published('tilde-2-x86-64.raw')]);
  }, 300_000);

  it('rejects a feed that somebody changed', async () => {
    await publish('1.12');
    const sums = at('feed/SHA256SUMS');
    fs.writeFileSync(sums, fs.readFileSync(sums, 'utf8').replace(/^[0-9a-f]{4}/m, '0000'));
    const { exitCode, stderr } = await sysupdate('update');
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/signature|verif/i);
    expect(active()).toBe('demo-1.11-x86-64.raw');
  });
});
