import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { btrfsReader } from '../../src/image/read-btrfs.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree } from '../verify/tree.ts';
import { makeFileSystem } from './ddi.ts';

const at = scratch();

describe.runIf(has('tool:mkfs.btrfs', 'tool:btrfs'))('btrfsReader', () => {
  it('refuses a tree whose copies differ, because either may be read', async () => {
    const name = 'a-name-that-is-found-again';
    fs.writeFileSync(path.join(demoTree(at('tree')), 'usr', name), '');
    makeFileSystem('btrfs', at('tree'), at('image.raw'));
    const image = fs.readFileSync(at('image.raw'));
    const paths = [...(await btrfsReader.list(at('image.raw')))].map(entry => entry.path);
    expect(paths).toContain(`/usr/${name}`);
    // the second copy is a mirror, and lies behind the first
    image.write('b', image.lastIndexOf(name));
    fs.writeFileSync(at('image.raw'), image);
    await expect(btrfsReader.list(at('image.raw'))).rejects.toMatchObject({ code: 'bad-file-system' });
  });
});
