import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { PackOptions } from '../../src/pack/options.ts';
import { packTree } from '../../src/pack/pack.ts';
import { listener, scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { leastOptions, sampleTree } from './sample.ts';

const at = scratch();

async function pack(tree: string, options: Partial<PackOptions> = {}) {
  const progress = listener();
  const image = await packTree(tree, { ...leastOptions(progress), compress: 'fast', ...options });
  return { image, said: progress.said };
}

/** Keeps the setuid bits that fsck.erofs 1.5 clears by restoring owners after modes. */
const extract = {
  erofs: (image: string, to: string) =>
    execa('fsck.erofs', [`--extract=${to}`, '--preserve-perms', '--no-preserve-owner', image]),
  squashfs: (image: string, to: string) => execa('unsquashfs', ['-d', to, image]),
};

/** Every entry with its kind, mode, link and content; names of one inode are grouped. */
async function listing(root: string): Promise<string> {
  const { stdout } = await execa('find', ['usr', 'opt', '-printf', String.raw`%p %y %m %l\n`], { cwd: root });
  const { stdout: sums } = await execa(
    'find',
    ['usr', 'opt', '-type', 'f', '-exec', 'sha256sum', '{}', '+'],
    { cwd: root },
  );
  return `${stdout}\n${sums}`.split('\n').sort().join('\n');
}

describe.runIf(has('tool:mkfs.erofs', 'tool:mksquashfs'))('packTree', () => {
  it.each(['erofs', 'squashfs'] as const)(
    'makes the same %s of the same tree, whatever its location, times and order',
    async format => {
      const trees = [
        sampleTree(at('one')),
        sampleTree(at('deeper', 'two'), { reverse: true, umask: 0o077, time: 1.7e9 }),
        sampleTree(fs.mkdtempSync('/dev/shm/flix-test-'), { reverse: true, umask: 0 }),
      ];
      fs.chmodSync(trees[2]!, 0o755);
      fs.linkSync(`${trees[0]}/usr/share/-dash`, at('outer')); // a hard link from outside the tree
      const digests = new Set<string>();
      for (const [i, tree] of trees.entries())
        for (const compress of ['small', 'small', 'none'] as const) {
          const { image } = await pack(tree, {
            format,
            compress,
            name: 'demo',
            output: at(`${i}.raw`),
            force: true,
          });
          digests.add(`${compress} ${image.sha256}`);
          expect(createHash('sha256').update(fs.readFileSync(image.path)).digest('hex')).toBe(image.sha256);
        }
      fs.rmSync(trees[2]!, { recursive: true });
      expect(digests.size).toBe(2);
    },
  );

  it.runIf(has('root', 'tool:setcap', 'tool:getcap')).each(['erofs', 'squashfs'] as const)(
    'leaves capabilities out of the %s and warns about it',
    async format => {
      const tree = sampleTree(at('tree'));
      const plain = await pack(tree, { format, name: 'demo', output: at('plain.raw') });
      expect(plain.said).toEqual(['plain.raw: systemd uses the image only if it is activated as demo.raw']);
      await execa('setcap', ['cap_net_raw=ep', `${tree}/usr/bin/demo`]);
      const { image, said } = await pack(tree, { format, name: 'demo', output: at('demo.raw') });
      expect(image.sha256).toBe(plain.image.sha256);
      expect(said.filter(line => line.includes('cap_net_raw'))).toHaveLength(2); // it is hard-linked
    },
  );

  it.runIf(has('root', 'tool:fsck.erofs', 'tool:unsquashfs')).each(['erofs', 'squashfs'] as const)(
    'puts all files into the %s',
    async format => {
      const tree = sampleTree(at('tree'));
      const { image } = await pack(tree, { format, compress: 'small' });
      await extract[format](image.path, at('back'));
      expect(await listing(at('back'))).toBe(await listing(tree));
    },
  );

  it('makes an erofs that Linux 5.15 can read, with the given time and the reported UUID', async () => {
    const { image } = await pack(sampleTree(at('tree')), { compress: 'small', epoch: 1234 });
    const { stdout } = await execa('dump.erofs', [image.path]);
    expect(stdout).toContain(image.uuid);
    expect(stdout).toMatch(/features:\s+sb_csum mtime 0padding (compr_cfgs )?big_pcluster\s*$/m);
    expect(fs.readFileSync(image.path).readBigUInt64LE(1024 + 24)).toBe(1234n);
  });

  it('writes the image beside the tree, and its line into SHA256SUMS', async () => {
    fs.writeFileSync(at('SHA256SUMS'), `${'0'.repeat(64)}  other.raw\n`);
    const { image } = await pack(sampleTree(at('tree')));
    expect(image).toMatchObject({ name: 'demo', path: fs.realpathSync(at()) + '/demo.raw' });
    expect(fs.readdirSync(at()).sort()).toEqual(['SHA256SUMS', 'demo.raw', 'tree']);
    const sums = fs.readFileSync(at('SHA256SUMS'), 'utf8');
    expect(sums).toBe(`${image.sha256}  demo.raw\n${'0'.repeat(64)}  other.raw\n`);
  });

  it('replaces an image that it made, and any other file only with force', async () => {
    const tree = sampleTree(at('tree'));
    await pack(tree);
    fs.writeFileSync(`${tree}/usr/bin/more`, '');
    const { image } = await pack(tree);
    fs.writeFileSync(at('mine.raw'), 'mine');
    const output = at('mine.raw');
    await expect(pack(tree, { output, name: 'demo' })).rejects.toMatchObject({ code: 'not-ours' });
    expect(fs.readFileSync(output, 'utf8')).toBe('mine');
    const forced = await pack(tree, { output, name: 'demo', force: true });
    expect(forced.image.sha256).toBe(image.sha256);
    expect(forced.said.join()).toContain('only if it is activated as demo.raw');
  });

  it('completes SHA256SUMS after a run that was killed before writing it', async () => {
    const tree = sampleTree(at('tree'));
    const { image } = await pack(tree);
    fs.rmSync(at('SHA256SUMS'));
    await pack(tree);
    expect(fs.readFileSync(at('SHA256SUMS'), 'utf8')).toBe(`${image.sha256}  demo.raw\n`);
  });

  it('writes all lines if several runs share a directory', async () => {
    const tree = sampleTree(at('tree'));
    const outputs = ['a', 'b', 'c'].map(letter => at(`${letter}.raw`));
    await Promise.all(outputs.map(output => pack(tree, { output, name: 'demo' })));
    expect(fs.readFileSync(at('SHA256SUMS'), 'utf8').match(/ [abc]\.raw$/gm)).toHaveLength(3);
  });

  it('warns that the signature of SHA256SUMS is outdated', async () => {
    const tree = sampleTree(at('tree'));
    fs.writeFileSync(at('SHA256SUMS.gpg'), '');
    expect((await pack(tree)).said.join()).toContain('sign it again');
    expect((await pack(tree)).said).toEqual([]);
  });

  it.each<[string, (tree: string) => Partial<PackOptions> | void]>([
    ['foreign-top-level', tree => fs.mkdirSync(`${tree}/etc`)],
    [
      'foreign-top-level',
      tree => (fs.rmSync(`${tree}/opt`, { recursive: true }), fs.symlinkSync('usr', `${tree}/opt`)),
    ],
    ['no-extension-release', () => ({ name: 'other' })],
    ['no-extension-release', () => ({ output: at('other.raw') })],
    ['no-name', tree => fs.writeFileSync(`${tree}/usr/lib/extension-release.d/extension-release.b`, '')],
    ['bad-name', () => ({ name: '.x' })],
    ['bad-name', () => ({ name: 'demo', output: at('.demo.raw') })],
    ['output-in-tree', tree => ({ output: `${tree}/usr/demo.raw` })],
    ['no-directory', () => ({ output: at('absent', 'demo.raw') })],
    ['directory-in-place', () => (fs.mkdirSync(at('demo.raw')), {})],
    ['no-root', tree => fs.rmSync(tree, { recursive: true })],
    ['empty-tree', tree => (fs.rmSync(tree, { recursive: true }), fs.mkdirSync(tree))],
  ])('refuses: %s', async (code, spoil) => {
    const tree = sampleTree(at('tree'));
    const options = spoil(tree) ?? {};
    await expect(pack(tree, options)).rejects.toMatchObject({ name: 'FlixError', code });
    expect(fs.readdirSync(at()).filter(name => name.includes('flix') || name === 'SHA256SUMS')).toEqual([]);
  });

  it('refuses a FIFO without waiting for its writer', async () => {
    const tree = sampleTree(at('tree'));
    await execa('mkfifo', [`${tree}/usr/fifo`]);
    await expect(pack(tree)).rejects.toThrow('/usr/fifo is a FIFO');
  });
});
