import fs from 'node:fs';
import { expect, it } from 'vitest';
import { withShadow } from '../../src/io/shadow.ts';
import { scratch } from './scratch.ts';

const at = scratch();

function tree(): string {
  fs.mkdirSync(at('tree/usr/lib'), { recursive: true });
  fs.writeFileSync(at('tree/usr/lib/file'), 'text');
  fs.symlinkSync('file', at('tree/usr/lib/link'));
  fs.writeFileSync(at('tool'), 'tool');
  return at('tree');
}

it('shares the files of the tree and contains one more, which the tree never contains', async () => {
  const extra = { at: '/.tool', from: at('tool') };
  await withShadow(tree(), { extra, readable: new Set() }, async shadow => {
    expect(fs.readFileSync(`${shadow}/.tool`, 'utf8')).toBe('tool');
    expect(fs.readlinkSync(`${shadow}/usr/lib/link`)).toBe('file');
    expect(fs.statSync(`${shadow}/usr/lib/file`).ino).toBe(fs.statSync(at('tree/usr/lib/file')).ino);
    expect(fs.readdirSync(at('tree'))).toEqual(['usr']);
  });
  expect(fs.readdirSync(at())).toEqual(['tool', 'tree']);
});

it('is removed after a failure, too', async () => {
  const failing = withShadow(tree(), { readable: new Set() }, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(fs.readdirSync(at())).toEqual(['tool', 'tree']);
});

it('opens the directories and the named files to everybody, and nothing outside of a chroot', async () => {
  const from = tree();
  fs.writeFileSync(at('tree/usr/lib/secret'), 'secret', { mode: 0o600 });
  fs.chmodSync(at('tree/usr/lib/file'), 0o700);
  fs.chmodSync(at('tree/usr'), 0o700);
  await withShadow(from, { readable: new Set(['/usr/lib/file']) }, async shadow => {
    const mode = (file: string) => fs.statSync(file).mode & 0o777;
    expect(mode(`${shadow}/usr`)).toBe(0o755);
    expect(mode(`${shadow}/usr/lib/file`)).toBe(0o755);
    expect(mode(`${shadow}/usr/lib/secret`)).toBe(0o600);
    expect(mode(`${shadow}/..`)).toBe(0o700);
  });
  expect(fs.statSync(at('tree/usr/lib/file')).mode & 0o777).toBe(0o700);
});
