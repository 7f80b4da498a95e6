import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { bytesReader } from '../../src/elf/reader.ts';
import { Initramfs } from '../../src/trial/initramfs.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

function pieces(archive: Initramfs, ...parts: readonly Iterable<Uint8Array>[]): Buffer {
  return Buffer.concat([...parts.flatMap(part => [...part]), ...archive.end()]);
}

describe.runIf(has('tool:cpio'))('an initramfs', () => {
  it('contains the entries of a tree with modes, links and hard links, as cpio reads them', () => {
    fs.mkdirSync(at('tree/sub'), { recursive: true });
    fs.writeFileSync(at('tree/sub/odd'), 'x'.repeat(5001), { mode: 0o640 });
    fs.linkSync(at('tree/sub/odd'), at('tree/twin'));
    fs.writeFileSync(at('tree/empty'), '');
    fs.symlinkSync('../elsewhere', at('tree/link'));
    fs.chmodSync(at('tree/sub'), 0o1750);
    execaSync('mkfifo', [at('tree/fifo')]);
    fs.mkdirSync(at('tree/left-out'));
    const archive = new Initramfs();
    const bytes = pieces(
      archive,
      archive.tree(directoryView(at('tree')), '', path => path === '/left-out'),
      archive.addedFile('/etc/a/b.conf', bytesReader(Buffer.from('own\n'))),
    );
    fs.mkdirSync(at('out'));
    execaSync('cpio', ['-idm', '--quiet', '--no-preserve-owner'], { cwd: at('out'), input: bytes });
    const found = fs.readdirSync(at('out'), { recursive: true, encoding: 'utf8' }).sort();
    expect(found).toEqual(['empty', 'etc', 'etc/a', 'etc/a/b.conf', 'link', 'sub', 'sub/odd', 'twin']);
    expect(fs.readFileSync(at('out/twin'), 'utf8')).toBe('x'.repeat(5001));
    expect(fs.statSync(at('out/twin')).ino).toBe(fs.statSync(at('out/sub/odd')).ino);
    expect(fs.statSync(at('out/sub/odd')).mode & 0o7777).toBe(0o640);
    expect(fs.statSync(at('out/sub')).mode & 0o7777).toBe(0o1750);
    expect(fs.readlinkSync(at('out/link'))).toBe('../elsewhere');
    expect(fs.readFileSync(at('out/etc/a/b.conf'), 'utf8')).toBe('own\n');
    expect(bytes.length % 4).toBe(0);
  });
});

describe.runIf(has('user'))('a file that the user may not read', () => {
  it('is left out of an initramfs, and named', () => {
    fs.mkdirSync(at('tree'));
    fs.writeFileSync(at('tree/secret'), '', { mode: 0 });
    const archive = new Initramfs();
    pieces(archive, archive.tree(directoryView(at('tree')), ''));
    expect(archive.unreadable).toEqual(['/secret']);
  });
});
