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
  await withShadow(tree(), extra, async shadow => {
    expect(fs.readFileSync(`${shadow}/.tool`, 'utf8')).toBe('tool');
    expect(fs.readlinkSync(`${shadow}/usr/lib/link`)).toBe('file');
    expect(fs.statSync(`${shadow}/usr/lib/file`).ino).toBe(fs.statSync(at('tree/usr/lib/file')).ino);
    expect(fs.readdirSync(at('tree'))).toEqual(['usr']);
  });
  expect(fs.readdirSync(at())).toEqual(['tool', 'tree']);
});

it('is removed after a failure, too', async () => {
  const failing = withShadow(tree(), { at: '/.tool', from: at('tool') }, () =>
    Promise.reject(new Error('no')),
  );
  await expect(failing).rejects.toThrow('no');
  expect(fs.readdirSync(at())).toEqual(['tool', 'tree']);
});
