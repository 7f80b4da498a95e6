import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { releaseJudge, releaseWish } from '../../src/cli/release-wish.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

function hostWith(text: string): string {
  fs.mkdirSync(path.dirname(at('host/usr/lib/os-release')), { recursive: true });
  fs.writeFileSync(at('host/usr/lib/os-release'), text);
  return at('host');
}

it('takes the level that a host has for extensions of this type', () => {
  const host = hostWith('ID=lab\nVERSION_ID=3\nSYSEXT_LEVEL=1\nCONFEXT_LEVEL=2\n');
  expect(releaseWish({}, host, 'sysext')).toEqual({ id: 'lab', level: '1' });
  expect(releaseWish({}, host, 'confext')).toEqual({ id: 'lab', level: '2' });
});

it('takes the version where the host has no such level', () => {
  const host = hostWith('ID=lab\nVERSION_ID=3\nSYSEXT_LEVEL=1\n');
  expect(releaseWish({}, host, 'confext')).toEqual({ id: 'lab', versionId: '3' });
});

it('judges by the words of the type', () => {
  const host = hostWith('ID=lab\nVERSION_ID=3\nCONFEXT_LEVEL=2\n');
  const release = new Map([
    ['ID', 'lab'],
    ['CONFEXT_LEVEL', '2'],
  ]);
  expect(releaseJudge('confext', host)(release)).toBeUndefined();
  expect(releaseJudge('sysext', host)(release)).toContain('VERSION_ID');
});
