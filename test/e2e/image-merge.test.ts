import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../lab/flix.ts';
import { type Overlay, runMerged } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const able = has('root', 'archive', 'mountNamespace', 'loopDevice', 'tool:mkfs.erofs');
let shared: string;
let work: string;
const at = (...parts: string[]) => path.join(shared, ...parts);
const VERSION = 'btop version: 1.2.13';

/** A host whose own systemd-sysext merges. Without device-mapper, it can merge only images without verity. */
async function place(host: 'host-bookworm' | 'host-trixie'): Promise<Overlay> {
  return { root: fs.realpathSync(await labRoot(host)), work, shared };
}

describe.runIf(able)('systemd of two releases merges what flix packs', () => {
  beforeAll(async () => {
    shared = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    const root = await labRoot('apps-bookworm');
    await flix('vendor', root, '/usr/bin/btop', '/usr/share/btop', '--out', at('tree'), '--quiet');
  });
  afterAll(() => {
    for (const directory of [shared, work]) fs.rmSync(directory, { recursive: true, force: true });
  });

  it.each(['erofs', 'squashfs', 'ext4', 'btrfs', 'directory'])('as %s', async format => {
    const name = format === 'directory' ? 'btop' : 'btop.raw';
    if (
      !has(
        `tool:${{ erofs: 'mkfs.erofs', squashfs: 'mksquashfs', directory: 'true' }[format] ?? `mkfs.${format}`}`,
      )
    )
      return;
    fs.mkdirSync(at(format));
    await flix('pack', at('tree'), '--format', format, '--name', 'btop', '-o', at(format, name), '--quiet');
    for (const host of ['host-bookworm', 'host-trixie'] as const) {
      const ran = await runMerged(await place(host), [`${format}/${name}`], 'btop --version');
      expect(ran, `${host}: ${ran.stderr}`).toMatchObject({ stdout: VERSION, status: 0 });
    }
  });

  it('as an archive that was unpacked', async () => {
    fs.mkdirSync(at('tar/btop'), { recursive: true });
    await flix('pack', at('tree'), '--format', 'tar', '--name', 'btop', '-o', at('tar/btop.tar'), '--quiet');
    const host = await place('host-trixie');
    const command =
      'mkdir -p /var/lib/extensions/btop; tar -x -f /shared/tar/btop.tar -C /var/lib/extensions/btop; systemd-sysext merge; btop --version';
    expect((await runMerged(host, [], command)).stdout).toBe(VERSION);
  });

  it('bound to a host, there and nowhere else', async () => {
    fs.mkdirSync(at('bound'));
    const host = await place('host-bookworm');
    const asked = ['--format', 'erofs', '--host', host.root, '-o', at('bound/btop.raw'), '--quiet'];
    await flix('pack', at('tree'), ...asked);
    const command = 'btop --version || echo not there';
    expect((await runMerged(host, ['bound/btop.raw'], command)).stdout).toBe(VERSION);
    const elsewhere = await runMerged(await place('host-trixie'), ['bound/btop.raw'], command);
    expect(elsewhere.stdout).toContain('not there');
  });

  it.each(['erofs', 'squashfs', 'directory'])('as %s with any name', async format => {
    if (!has('tool:setfattr')) return;
    const name = format === 'directory' ? 'viewer' : 'viewer.raw';
    fs.mkdirSync(at(`any-${format}`));
    const output = at(`any-${format}`, name);
    await flix(
      'pack',
      at('tree'),
      '--format',
      format,
      '--name',
      'btop',
      '--any-name',
      '-o',
      output,
      '--quiet',
    );
    for (const host of ['host-bookworm', 'host-trixie'] as const) {
      const ran = await runMerged(await place(host), [`any-${format}/${name}`], 'btop --version');
      expect(ran, `${host}: ${ran.stderr}`).toMatchObject({ stdout: VERSION, status: 0 });
    }
  });

  it('as a configuration extension, with systemd-confext', async () => {
    fs.mkdirSync(at('conf/tree/etc/demo'), { recursive: true });
    fs.writeFileSync(at('conf/tree/etc/demo/conf'), 'it works\n');
    const asked = [
      '--type',
      'confext',
      '--format',
      'erofs',
      '--name',
      'demo',
      '-o',
      at('conf/demo.raw'),
      '--quiet',
    ];
    await flix('pack', at('conf/tree'), ...asked);
    expect(fs.readdirSync(at('conf/tree/etc'))).toEqual(['demo']);
    const host = await place('host-trixie');
    const ran = await runMerged(host, ['conf/demo.raw'], 'cat /etc/demo/conf', { tool: 'systemd-confext' });
    expect(ran, ran.stderr).toMatchObject({ stdout: 'it works', status: 0 });
  });
});
