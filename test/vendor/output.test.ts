import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sameTree } from '../../src/vendor/output.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

function plant(name: string): void {
  fs.mkdirSync(at(name, 'usr/bin'), { recursive: true });
  fs.writeFileSync(at(name, 'usr/bin/app'), 'program', { mode: 0o755 });
  fs.writeFileSync(at(name, 'usr/text'), 'text', { mode: 0o644 });
  fs.symlinkSync('app', at(name, 'usr/bin/link'));
}

const same = () => sameTree(directoryView(at('a')), directoryView(at('b')));

describe('sameTree', () => {
  it('accepts two trees with the same content, even if they share a file', () => {
    plant('a');
    plant('b');
    expect(same()).toBe(true);
    fs.rmSync(at('b/usr/text'));
    fs.linkSync(at('a/usr/text'), at('b/usr/text'));
    expect(same()).toBe(true);
  });

  it.each<[string, () => void]>([
    ['a byte', () => fs.writeFileSync(at('b/usr/text'), 'tExt')],
    ['a length', () => fs.appendFileSync(at('b/usr/text'), '\n')],
    ['a mode', () => fs.chmodSync(at('b/usr/bin/app'), 0o700)],
    ['the mode of a directory', () => fs.chmodSync(at('b/usr/bin'), 0o700)],
    [
      'the target of a link',
      () => (fs.rmSync(at('b/usr/bin/link')), fs.symlinkSync('./app', at('b/usr/bin/link'))),
    ],
    [
      'a file for a link',
      () => (fs.rmSync(at('b/usr/bin/link')), fs.writeFileSync(at('b/usr/bin/link'), 'program')),
    ],
    ['one more', () => fs.writeFileSync(at('b/usr/more'), '')],
    ['one less', () => fs.rmSync(at('b/usr/text'))],
    ['another name', () => fs.renameSync(at('b/usr/text'), at('b/usr/texts'))],
  ])('tells trees apart that differ in %s', (_, change) => {
    plant('a');
    plant('b');
    change();
    expect(same()).toBe(false);
  });
});
