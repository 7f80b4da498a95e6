import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostOf } from '../../src/audit/merge.ts';
import { readManifest } from '../../src/manifest/read-manifest.ts';
import { hostResolver, mergedWith } from '../../src/plan/host-bound/evaluate.ts';
import { directoryView } from '../../src/view/directory.ts';
import { flix } from '../lab/flix.ts';
import { addUtilLinux, foreignHost, layouts } from '../lab/foreign-hosts.ts';
import { missingVersionsIn, undefinedSymbolsIn } from '../lab/merged-loaders.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { readListing, runInRoot } from '../lab/run-in-root.ts';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const PROGRAMS = ['/usr/bin/tilde', '/usr/bin/curl'];
const names = Object.keys(layouts) as (keyof typeof layouts)[];

describe.runIf(has('root', 'chroot', 'mountNamespace', 'archive'))('hosts of other distributions', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-hosts-'));
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));
  const at = (...parts: string[]) => path.join(directory, ...parts);
  let staging = '';
  beforeAll(async () => {
    staging = await labRoot('apps-bookworm');
    for (const name of names) await foreignHost(name, at(name));
  }, 600_000);

  /** Returns what the loader of a host lists once the tree is merged over it, and its complaints. */
  async function listed(tree: string, host: string) {
    const answers = await runInRoot({
      root: `${tree}:${host}`,
      command: [LOADER, '--list'],
      paths: PROGRAMS,
      environment: { LD_WARN: '1', LD_BIND_NOW: '1' },
      proc: true,
    });
    return answers.map(answer => ({
      complaints: [...missingVersionsIn(answer), ...undefinedSymbolsIn(answer)],
      paths: readListing(answer.stdout).flatMap(({ name, path: found }) =>
        found === LOADER ? [] : [found ?? `${name} not found`],
      ),
    }));
  }

  it.each(names)(
    'run a tree that brings what %s lacks, and its own loader lists the plan',
    async name => {
      const tree = at(`bound-${name}`);
      await flix('vendor', staging, ...PROGRAMS, '--name', 'app', '--host', at(name), '--out', tree, '-q');
      const resolve = hostResolver(
        mergedWith(directoryView(tree), hostOf(directoryView(at(name))).view),
        LOADER,
      );
      const planned = PROGRAMS.map(program => resolve(program).objects.slice(1));
      const loaded = await listed(tree, at(name));
      expect(loaded.map(({ complaints }) => complaints)).toEqual([[], []]);
      expect(loaded.map(({ paths }) => paths)).toEqual(
        planned.map(objects => objects.map(object => object.path)),
      );

      // the private directory is where nothing of the host is hidden
      const prefix = name === 'silverblue' ? 'usr/lib/app' : 'usr/local/app';
      const read = readManifest(fs.readFileSync(path.join(tree, prefix, 'manifest.json'), 'utf8'))!;
      if (!('manifest' in read)) throw new Error(read.flaw.message);
      const { choices } = read.manifest.host!;
      const ofHost = choices.filter(({ from }) => from === 'host').map(choice => choice.name);
      expect(ofHost).toEqual(
        expect.arrayContaining(['libc.so.6', 'libstdc++.so.6', 'libtinfo.so.6', 'libz.so.1']),
      );
      const own = fs.readdirSync(path.join(at(name), 'usr', layouts[name].libraries));
      expect(ofHost.filter(library => !own.includes(library))).toEqual([]);
      expect(choices.filter(({ from, name: library }) => from === 'tree' && own.includes(library))).toEqual(
        [],
      );

      const { stdout } = await flix('audit', tree, '--host', at(name));
      expect(stdout).toMatch(/^no findings/);
      const tried = await flix('try', tree, '--host', at(name), '--', '/usr/bin/curl', '--version');
      expect(tried.stdout).toMatch(/^curl 7\./);
    },
    300_000,
  );

  it.each(names)(
    'run a daemon of /usr/sbin on %s, where that may be a link',
    async name => {
      const tree = at(`daemon-${name}`);
      await flix(
        'vendor',
        staging,
        '/usr/sbin/nginx',
        '--name',
        'web',
        '--host',
        at(name),
        '--out',
        tree,
        '-q',
      );
      const tried = await flix('try', tree, '--host', at(name), '--strict', '--', '/usr/sbin/nginx', '-v');
      expect(tried.stderr).toMatch(/^nginx version: nginx\/1\./);
      expect(tried.stderr).toMatch(/libraries of the host \([1-9]\d* as planned, 0 not\)/);
      const { stdout } = await flix('audit', tree, '--host', at(name));
      expect(stdout).toMatch(/^no findings/);
    },
    300_000,
  );

  it.each(names)(
    'run a self-contained tree on %s',
    async name => {
      const tree = at(`own-${name}`);
      const prefix = name === 'silverblue' ? ['--prefix', '/usr/lib/btop'] : [];
      await flix('vendor', staging, '/usr/bin/btop', '--out', tree, ...prefix, '-q');
      const { stdout } = await flix('audit', tree, '--host', at(name));
      expect(stdout).toMatch(/^no findings/);
      const tried = await flix('try', tree, '--host', at(name), '--', '/usr/bin/btop', '--version');
      expect(tried.stdout).toMatch(/btop version/);
      expect(`${tried.stdout}${tried.stderr}`).toContain('0 libraries of the host');
    },
    300_000,
  );

  it.each(['flix', 'flatwrap'])(
    'refuse a %s tree with a directory in the place of their link /usr/sbin, and accept the place that flix names',
    async mode => {
      const vendor = ['vendor', staging, '--name', 'web', '--mode', mode, '--host', at('fedora'), '-q'];
      if (mode === 'flatwrap') vendor.push('--trim');
      const tree = at(`over-link-${mode}`);
      await expect(flix(...vendor, '/usr/sbin/nginx', '--out', tree)).rejects.toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(
          /hide what .* has in \/usr\/bin.*\n.* \/usr\/sbin\/nginx:\/usr\/bin\/nginx/,
        ) as string,
      });
      await flix(...vendor, '/usr/sbin/nginx:/usr/bin/nginx', '--out', tree);
      expect(fs.existsSync(path.join(tree, 'usr/sbin'))).toBe(false);
      const onFlatcar = vendor.map(word => (word === at('fedora') ? at('flatcar') : word));
      await flix(...onFlatcar, '/usr/sbin/nginx', '--out', at(`over-directory-${mode}`));
    },
    300_000,
  );

  // on ostree systems nothing is merged below /usr/local, and wrappers have no other place for their view
  it.each(names.filter(name => name !== 'silverblue'))(
    'run a Flatwrap tree on %s only with the unshare and mount of util-linux, which flix names before it runs anything',
    async name => {
      const [tree, host] = [at(`wrapped-${name}`), at(`util-linux-${name}`)];
      const vendor = ['vendor', staging, '/usr/bin/btop', '--mode', 'flatwrap', '--trim'];
      await flix(...vendor, '--out', tree, '-q');
      const command = ['--', '/usr/bin/btop', '--version'];
      await expect(flix('try', tree, '--host', at(name), ...command)).rejects.toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining(
          'the wrappers of btop call /usr/bin/unshare, /usr/bin/mount, which the host lacks',
        ) as string,
      });
      await expect(flix('audit', tree, '--host', at(name))).rejects.toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('missing/host-program') as string,
      });

      await foreignHost(name, host);
      await addUtilLinux(name, host);
      const audited = await flix('audit', tree, '--host', host, '--json');
      expect(audited.stdout).not.toContain('missing/host-program');
      const tried = await flix('try', tree, '--host', host, ...command);
      expect(tried.stdout).toMatch(/btop version/);
      expect(`${tried.stdout}${tried.stderr}`).toContain('0 libraries of the host');
    },
    300_000,
  );

  it('can be named by a container archive wherever a host can', async () => {
    const [root, image] = [at('fedora'), at('fedora.tar')];
    const inside = at('image');
    fs.mkdirSync(path.join(inside, 'layer'), { recursive: true });
    execaSync('tar', ['-C', root, '-cf', path.join(inside, 'layer/layer.tar'), '.']);
    const layer = fs.readFileSync(path.join(inside, 'layer/layer.tar'));
    const digest = createHash('sha256').update(layer).digest('hex');
    const config = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    };
    fs.writeFileSync(path.join(inside, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: ['fedora:43'], Layers: ['layer/layer.tar'] }];
    fs.writeFileSync(path.join(inside, 'manifest.json'), JSON.stringify(manifest));
    execaSync('tar', ['-C', inside, '-cf', image, '.']);
    const host = `docker-archive:${image}`;
    for (const [from, to] of [
      [root, 'of-root.profile'],
      [host, 'of-archive.profile'],
    ] as const)
      await flix('host', 'snapshot', '--root', from, '-o', at(to), '-q');
    expect(fs.readFileSync(at('of-archive.profile'))).toEqual(fs.readFileSync(at('of-root.profile')));
    const vendor = ['vendor', staging, '/usr/bin/tilde', '--dry-run', '--host'];
    const { stdout } = await flix(...vendor, host);
    expect(stdout).toBe((await flix(...vendor, root)).stdout);
    const unnamed = flix('audit', at('bound-fedora'), '--host', image);
    await expect(unnamed).rejects.toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`docker-archive:${image}`) as string,
    });
  }, 300_000);
});
