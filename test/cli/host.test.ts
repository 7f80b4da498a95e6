import fs from 'node:fs';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { hostCommand } from '../../src/cli/host.ts';
import type { HostDiff } from '../../src/audit/host-diff.ts';
import type { AuditDocument } from '../../src/report/findings-json.ts';
import { extension, host, LIB, library, program, removeRoots, root } from '../audit/world.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { run } from './run.ts';

const at = scratch();
afterAll(removeRoots);

const OLD = { ...host('ID=os\nVERSION_ID=1\n'), [`${LIB}/libz.so.1`]: library('libz.so.1') };
const NEW = {
  ...host('ID=os\nVERSION_ID=2\n'),
  [`${LIB}/libz.so.2`]: library('libz.so.2'),
  '/usr/lib/systemd/system/a.service': { text: '[Service]\nExecStart=/usr/bin/sh\n' },
};

async function profile(name: string, directory: string): Promise<string> {
  const place = at(name);
  const { status, stderr } = await run(hostCommand(), 'snapshot', '--root', directory, '-o', place);
  expect(stderr).toContain(place);
  expect(status).toBe(0);
  return place;
}

describe('flix host snapshot', () => {
  it('writes the same file for the same host', async () => {
    const [one, other] = [await profile('one', root('old', OLD)), await profile('other', root('old', OLD))];
    expect(Buffer.compare(fs.readFileSync(one), fs.readFileSync(other))).toBe(0);
  });

  it('refuses a directory that is not a host', async () => {
    const { status, stderr } = await run(
      hostCommand(),
      'snapshot',
      '--root',
      root('app', extension('app', {})),
      '-o',
      at('none'),
    );
    expect([status, stderr]).toEqual([2, expect.stringContaining('is not a host')]);
    expect(fs.existsSync(at('none'))).toBe(false);
  });
});

describe('flix host diff', () => {
  it('lists what is removed, added and changed', async () => {
    const [old, next] = [await profile('old', root('old', OLD)), root('new', NEW)];
    const { stdout } = await run(hostCommand(), 'diff', old, next, '--json');
    const diff = JSON.parse(stdout) as HostDiff & { readonly schema: string };
    expect(diff.schema).toBe('flix.host-diff/1');
    expect(diff.release).toEqual([{ key: 'VERSION_ID', before: '1', after: '2' }]);
    expect(diff.libraries.map(({ soname, change }) => `${soname} ${change}`)).toEqual([
      'libz.so.1 gone',
      'libz.so.2 new',
    ]);
    expect(diff.units).toEqual([{ name: 'a.service', change: 'new' }]);
    const text = (await run(hostCommand(), 'diff', old, next)).stdout;
    expect(text).toContain('libraries removed (1)\n  libz.so.1');
  });
});

describe('flix audit --host', () => {
  it('gives the same findings for a root and its profile', async () => {
    const tree = root('app', extension('app', { '/usr/bin/app': program({ needed: ['libz.so.1'] }) }));
    const [old, next] = [root('old', OLD), root('new', NEW)];
    const documents: AuditDocument[] = [];
    for (const hosts of [
      [old, next],
      [await profile('old', old), await profile('next', next)],
    ]) {
      const over = hosts.flatMap(place => ['--host', place]);
      const { stdout } = await run(auditCommand(), tree, ...over, '--json');
      documents.push(JSON.parse(stdout) as AuditDocument);
    }
    expect(documents[1]).toEqual(documents[0]);
    expect(documents[0]!.findings.map(({ kind, hosts }) => `${kind} ${hosts.join()}`)).toContain(
      'missing/library os 2',
    );
  });

  it.runIf(has('tool:mkfs.erofs'))('accepts an image, and a profile of it', async () => {
    const tree = root('app', extension('app', { '/usr/bin/app': program({ needed: ['libz.so.1'] }) }));
    await execa('mkfs.erofs', [at('next.raw'), root('new', NEW)]);
    const places = [root('new', NEW), at('next.raw'), await profile('ofimage', at('next.raw'))];
    const told: string[] = [];
    for (const place of places)
      told.push((await run(auditCommand(), tree, '--host', place, '--json')).stdout);
    const [ofRoot, ofImage, ofProfile] = told;
    expect(JSON.parse(ofRoot!)).toMatchObject({ hosts: ['os 2'] });
    expect([ofImage, ofProfile]).toEqual([ofRoot, ofRoot]);
  });

  it('refuses a file that is neither an image nor a profile', async () => {
    fs.writeFileSync(at('text'), 'text');
    const tree = root('app', extension('app', {}));
    const { status, stderr } = await run(auditCommand(), tree, '--host', at('text'));
    expect([status, stderr]).toEqual([2, expect.stringContaining('is not an image')]);
  });
});
