import fs from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { extractImage } from '../../src/cli/extract.ts';
import type { FileSystemType } from '../../src/image/file-system.ts';
import { withImage } from '../../src/image/image.ts';
import { listImage } from '../../src/image/unpack.ts';
import { listener, scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree } from '../verify/tree.ts';
import { makeDdi, makeFileSystem } from './ddi.ts';
import { fileSystemsHere } from './file-systems.ts';

const at = scratch();

const here = fileSystemsHere();

/** With what is odd: names, links that dangle or lead out, modes. */
function oddTree(root: string): string {
  demoTree(root);
  fs.writeFileSync(path.join(root, 'usr/a name\nwith a $(break) and \'"quotes"'), 'q');
  fs.symlinkSync('/etc/passwd', path.join(root, 'usr/l -> x'));
  fs.symlinkSync('../../../../nowhere', path.join(root, 'usr/dangling'));
  fs.mkdirSync(path.join(root, 'usr/empty'), { mode: 0o700 });
  fs.chmodSync(path.join(root, 'usr/bin/demo'), 0o4755);
  return root;
}

/** Every entry with kind, mode, link and content. */
function picture(root: string): string[] {
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names.sort().map(name => {
    const file = path.join(root, name);
    const stat = fs.lstatSync(file);
    const what = stat.isSymbolicLink() ? fs.readlinkSync(file) : (stat.mode & 0o7777).toString(8);
    return `${name} ${what} ${stat.isFile() ? fs.readFileSync(file, 'base64') : ''}`;
  });
}

async function extract(image: string, directory = at('out')) {
  await extractImage(image, directory, listener());
}

const image = (type: FileSystemType, tree: string) => {
  makeFileSystem(type, tree, at(`${type}.raw`));
  return at(`${type}.raw`);
};

describe('an image, unpacked without a mount', () => {
  it.each(here)('has the files that went into the %s', async type => {
    const tree = oddTree(at('tree'));
    const file = image(type, tree);
    await extract(file);
    expect(picture(at('out'))).toEqual(picture(tree));
    const entries = await withImage(file, opened => listImage(opened));
    const names = fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }).map(name => `/${name}`);
    expect([...entries].map(entry => entry.path).sort()).toEqual(['/', ...names].sort());
    const demo = [...entries].find(entry => entry.path === '/usr/bin/demo')!;
    expect(demo).toMatchObject({ kind: 'file', mode: 0o4755, size: fs.statSync('/usr/bin/env').size });
  });

  it.runIf(has('tool:sfdisk', 'tool:veritysetup')).each(here)('is found in a DDI with %s', async type => {
    const tree = demoTree(at('tree'));
    makeDdi({ tree, output: at('demo.raw'), fileSystem: type });
    await extract(at('demo.raw'));
    expect(picture(at('out'))).toEqual(picture(tree));
  });

  it.each(here)('is refused if it is truncated (%s), and leaves nothing behind', async type => {
    const file = image(type, oddTree(at('tree')));
    for (const part of [0.3, 0.6]) {
      fs.truncateSync(file, Math.floor(fs.statSync(file).size * part));
      await expect(extract(file)).rejects.toMatchObject({ name: 'FlixError' });
      expect(fs.existsSync(at('out'))).toBe(false);
    }
  });

  it.runIf(here.includes('erofs')).each([
    ['hostile-image', 'abcd', 'a/cd'],
    ['hostile-image', 'abcd', '/etc'],
    ['hostile-image', 'abcd', 'abce'],
  ])(
    'is refused with a name that leads elsewhere, or is there twice (%s: %s → %s)',
    async (code, from, to) => {
      const tree = demoTree(at('tree'));
      fs.writeFileSync(path.join(tree, 'usr/abcd'), '');
      fs.writeFileSync(path.join(tree, 'usr/abce'), '');
      const file = image('erofs', tree);
      const bytes = fs.readFileSync(file);
      bytes.write(to, bytes.indexOf(from));
      fs.writeFileSync(file, bytes);
      await expect(extract(file)).rejects.toMatchObject({ code });
    },
  );

  it.runIf(here.includes('squashfs'))(
    'is refused where it would become a thousand times as large',
    async () => {
      const tree = demoTree(at('tree'));
      fs.writeFileSync(path.join(tree, 'usr/zeros'), '');
      fs.truncateSync(path.join(tree, 'usr/zeros'), 1.25 * 1024 ** 3);
      await expect(extract(image('squashfs', tree))).rejects.toMatchObject({ code: 'hostile-image' });
    },
  );

  it.runIf(has('root')).each(here)('is refused if it contains a device (%s)', async type => {
    const tree = demoTree(at('tree'));
    execaSync('mknod', [path.join(tree, 'usr/device'), 'c', '1', '3']);
    await expect(extract(image(type, tree))).rejects.toMatchObject({ code: 'special-file' });
  });

  it.runIf(here.includes('erofs'))(
    'ends on any damage, with what is there or a refusal, inside the directory',
    async () => {
      const file = image('erofs', demoTree(at('tree')));
      const whole = fs.readFileSync(file);
      for (let round = 0; round < 12; round++) {
        const bytes = Buffer.from(whole);
        for (let i = 0; i < 40; i++) bytes[1024 + ((round * 977 + i * 131) % 6000)]! ^= 1 << (i % 8);
        fs.writeFileSync(file, bytes);
        await extract(file, at(`out-${round}`)).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'FlixError' });
        });
      }
      expect(fs.readdirSync(at()).filter(name => !/^(?:tree|erofs\.raw|out-\d+)$/.test(name))).toEqual([]);
    },
  );

  it('is refused if it is not an image, and a directory that is not empty stays as it is', async () => {
    fs.writeFileSync(at('text'), 'no image '.repeat(20_000));
    await expect(extract(at('text'))).rejects.toMatchObject({ code: 'not-an-image' });
    await expect(extract(at('absent'))).rejects.toMatchObject({ code: 'no-image' });
    await execa('mkfifo', [at('fifo')]);
    await expect(extract(at('fifo'))).rejects.toMatchObject({ code: 'no-image' });
    fs.mkdirSync(at('full'));
    fs.writeFileSync(at('full', 'mine'), 'mine');
    await expect(extract(at('text'), at('full'))).rejects.toMatchObject({ code: 'not-empty' });
    expect(fs.readFileSync(at('full', 'mine'), 'utf8')).toBe('mine');
  });
});
