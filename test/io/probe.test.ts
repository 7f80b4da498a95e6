import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { probeTools, requireTool } from '../../src/io/probe.ts';
import { scratch } from './scratch.ts';

const at = scratch();
const { PATH } = process.env;

/** A tool that answers, and nothing else in PATH. */
function install(name: string, answer: string): void {
  fs.writeFileSync(at(name), `#!/bin/sh\n${answer}\n`, { mode: 0o755 });
}

beforeEach(() => {
  process.env['PATH'] = at();
});
afterEach(() => {
  process.env['PATH'] = PATH;
});

describe('probeTools', () => {
  it.each([
    ['mkfs.erofs', 'echo "mkfs.erofs 1.5"; exit 1', '1.5', false],
    ['mkfs.erofs', 'echo "mkfs.erofs (erofs-utils) 1.8.6"', '1.8.6', false],
    ['mkfs.erofs', 'echo "mkfs.erofs 1.4"', '1.4', true],
    ['mksquashfs', 'echo "mksquashfs version 4.5.1 (2022/03/17)"', '4.5.1', false],
    ['systemd-repart', 'echo "systemd 252 (252.38-1~deb12u1)"', '252', true],
    ['patchelf', 'echo "busybox" >&2; exit 2', undefined, false],
  ])('%s that answers %s', async (name, answer, version, tooOld) => {
    install(name, answer);
    const [status] = await probeTools([name]);
    expect(status).toMatchObject({ found: true, version, tooOld });
  });

  it('compares versions by number and lists their known bugs', async () => {
    install('patchelf', 'echo patchelf 0.18.0');
    const [bad] = await probeTools(['patchelf']);
    expect(bad?.traps).toHaveLength(2);
    install('patchelf', 'echo patchelf 0.17.2');
    const [good] = await probeTools(['patchelf']);
    expect(good).toMatchObject({ traps: [], tooOld: false });
  });
});

describe('requireTool', () => {
  it('refuses a tool that is missing or too old, and names the package', async () => {
    install('mkfs.erofs', 'echo mkfs.erofs 1.4');
    await expect(requireTool('mkfs.erofs')).rejects.toMatchObject({ code: 'old-tool', kind: 'missing' });
    await expect(requireTool('mksquashfs')).rejects.toMatchObject({
      code: 'missing-tool',
      fix: expect.stringContaining('apt-get install squashfs-tools'),
    });
  });
});
