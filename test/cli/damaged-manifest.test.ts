import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { packCommand } from '../../src/cli/pack.ts';
import { vendorCommand } from '../../src/cli/vendor.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { makeFileSystem } from '../image/ddi.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree } from '../verify/tree.ts';
import { run } from './run.ts';

const at = scratch();
const PLACE = '/usr/local/demo/manifest.json';
const whole = {
  schema: 'flix.manifest/1',
  name: 'demo',
  prefix: '/usr/local/demo',
  mode: 'flix',
  entries: [],
  open: [],
  remarks: [],
  files: [],
};
const damaged = JSON.stringify(whole).slice(0, -9);
const newer = JSON.stringify({ ...whole, schema: 'flix.manifest/2' });

function treeWith(manifest: string): string {
  const tree = demoTree(at('demo'));
  fs.mkdirSync(path.dirname(tree + PLACE), { recursive: true });
  fs.writeFileSync(tree + PLACE, manifest);
  return tree;
}

async function promisesOf(place: string): Promise<string[]> {
  const { stdout } = await run(auditCommand(), place, '--json');
  return (JSON.parse(stdout) as AuditDocument).findings
    .filter(({ kind }) => kind.startsWith('promises/'))
    .map(({ severity, kind, culprit }) => `${severity} ${kind} ${culprit}`);
}

describe('a manifest that cannot be read', () => {
  it.each([
    [damaged, [`error promises/unreadable-manifest ${PLACE}`]],
    [newer, [`warning promises/unreadable-manifest ${PLACE}`]],
    [JSON.stringify(whole), []],
    ['{"name": "Demo", "start_url": "/"}', []],
  ])('is a finding of its tree: %s', async (text, expected) => {
    expect(await promisesOf(treeWith(text))).toEqual(expected);
  });

  it('is reported with its path and the cause', async () => {
    const { stdout, status } = await run(auditCommand(), treeWith(damaged));
    expect(stdout).toContain(`${PLACE} is not JSON: it ends too early, in line 1`);
    expect(status).toBe(1);
  });

  describe.each([
    ['erofs', has('tool:mkfs.erofs', 'tool:fsck.erofs')],
    ['squashfs', has('tool:mksquashfs', 'tool:unsquashfs')],
  ] as const)('in an image: %s', (type, able) => {
    it.runIf(able)('is a finding for audit and a difference for verify', async () => {
      makeFileSystem(type, treeWith(damaged), at('demo.raw'));
      expect(await promisesOf(at('demo.raw'))).toEqual([`error promises/unreadable-manifest ${PLACE}`]);
      const verified = await run(verifyCommand(), at('demo.raw'));
      expect(verified.stdout).toContain(`${PLACE} unreadable-manifest\n    is not JSON: it ends too early`);
      expect(verified.stdout).not.toContain('contains none');
      expect(verified.status).toBe(1);
      fs.rmSync(at('demo'), { recursive: true });
      makeFileSystem(type, treeWith(newer), at('demo.raw'));
      const passed = await run(verifyCommand(), at('demo.raw'));
      expect(passed.stdout).toContain(`open  manifest: ${PLACE} was made by a newer flix`);
      expect(passed.status).toBe(0);
    });
  });

  it.each([
    [damaged, 'Restore the file as flix wrote it, or make the tree again.'],
    [newer, 'Upgrade flix, or make the tree again.'],
  ])('is not left out of what flix pack writes: %s', async (text, fix) => {
    const tree = treeWith(text);
    const { stderr, status } = await run(packCommand(), tree, '-o', at('demo.raw'));
    expect(stderr).toContain(`${PLACE} of ${tree}`);
    expect(stderr).toContain(fix);
    expect(status).toBe(2);
    expect(fs.existsSync(at('demo.raw'))).toBe(false);
  });

  it('stops flix vendor, which would take files of an earlier run for files of the tree', async () => {
    const tree = treeWith(damaged);
    const { stderr, status } = await run(vendorCommand(), tree, '--quiet');
    expect(stderr).toContain(`${PLACE} of ${tree} is not JSON`);
    expect(stderr).toContain('Restore the file as flix wrote it, or make the tree again.');
    expect(status).toBe(2);
    expect(fs.readFileSync(tree + PLACE, 'utf8')).toBe(damaged);
  });
});
