import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { snapshot } from '../lab/snapshot.ts';
import { install } from './app.ts';

const at = scratch();
const inside = (...parts: string[]) => at('rootfs', ...parts);
const vendor = (...argv: string[]) => flix('vendor', at('rootfs'), '--name', 'app', ...argv);
/** Runs a program in a root that contains nothing but the tree. Returns its output. */
const run = (tree: string, program: string) => execaSync('chroot', [tree, program]).stdout;
const able = has('tool:gcc', 'chroot');
const ANSWER = 'library 42, plugin 8';

describe.runIf(able)('vendor on a tree of make install DESTDIR=', () => {
  it('completes it in place, so that its programs run in nothing else', async () => {
    install(at('rootfs'));
    await vendor();
    expect(run(at('rootfs'), '/usr/bin/app')).toBe(ANSWER);
    expect(run(at('rootfs'), '/usr/bin/app-by-link')).toBe(ANSWER);

    // a library of the tree stays where it is
    expect(fs.readlinkSync(inside('usr/local/app/lib/libanswer.so.1'))).toBe('../../../lib/libanswer.so.1.0');
    expect(fs.readlinkSync(inside('usr/lib/libanswer.so.1'))).toBe('libanswer.so.1.0');

    // hard links stay, even between programs that were edited
    const inode = (name: string) => fs.statSync(inside(name)).ino;
    expect(inode('usr/bin/app')).toBe(inode('usr/bin/app-by-hard-link'));
    expect(inode('usr/share/app/data')).toBe(inode('usr/share/app/same'));

    // the machine's libraries are copied, not linked: stripping the tree must not change the machine
    const libraries = inside('usr/local/app/lib');
    expect(
      fs.readdirSync(libraries).filter(name => fs.lstatSync(path.join(libraries, name)).nlink > 1),
    ).toEqual([]);
  });
});

describe.runIf(able)('vendor on a DESTDIR tree that it completed before', () => {
  beforeEach(() => install(at('rootfs')));

  it('changes nothing in a second run', async () => {
    await vendor();
    const before = snapshot(at('rootfs'), { inodes: true });
    const { stdout } = await flix('vendor', at('rootfs'));
    expect(snapshot(at('rootfs'), { inodes: true })).toEqual(before);
    expect(stdout).toContain('(unchanged)');
  });

  it('restores the tree after a run was killed between the two renames that replace it', async () => {
    await vendor();
    const before = snapshot(at('rootfs'));
    fs.renameSync(at('rootfs'), at('.rootfs.flix-old'));
    const { stdout, stderr } = await vendor();
    expect(stderr).toContain('restored, because an interrupted run had moved it aside');
    expect(stdout).toContain('(unchanged)');
    expect(snapshot(at('rootfs'))).toEqual(before);
    expect(fs.readdirSync(at()).sort()).toEqual(['app.proof.json', 'rootfs']);
  });

  it('completes a program that was installed again', async () => {
    await vendor();
    const finished = snapshot(at('rootfs'));
    install(at('again'));
    fs.copyFileSync(at('again/usr/bin/app'), inside('usr/bin/app.new'));
    fs.renameSync(inside('usr/bin/app.new'), inside('usr/bin/app'));
    expect(snapshot(at('rootfs'))).not.toEqual(finished);
    const { stdout } = await vendor();
    expect(stdout).not.toContain('(unchanged)');
    expect(snapshot(at('rootfs'))).toEqual(finished);
    expect(run(at('rootfs'), '/usr/bin/app')).toBe(ANSWER);
  });

  it('drops private copies that nothing needs any more', async () => {
    await vendor();
    fs.rmSync(inside('usr/lib/app/plugin.so'));
    await vendor();
    expect(fs.existsSync(inside('usr/local/app/lib/libm.so.6'))).toBe(false);
  });

  it('leaves the tree alone with --out, and writes the same tree there', async () => {
    const before = snapshot(at('rootfs'), { inodes: true });
    await vendor('--out', at('out'));
    expect(snapshot(at('rootfs'), { inodes: true })).toEqual(before);
    await vendor();
    expect(snapshot(at('out'))).toEqual(snapshot(at('rootfs')));
  });
});

describe.runIf(able)('vendor with several staging roots', () => {
  it('searches them in order and records the root of each file', async () => {
    install(at('rootfs'));
    // move a library of the tree to the second root
    fs.mkdirSync(at('second/usr/lib'), { recursive: true });
    for (const name of ['libanswer.so.1.0', 'libanswer.so.1', 'libanswer.so'])
      fs.renameSync(inside('usr/lib', name), at('second/usr/lib', name));
    const before = snapshot(at('second'), { inodes: true });
    await vendor('--staging', '/', '--staging', at('second'));
    expect(run(at('rootfs'), '/usr/bin/app')).toBe(ANSWER);
    const manifest = JSON.parse(fs.readFileSync(inside('usr/local/app/manifest.json'), 'utf8')) as {
      files: { path: string; origin?: { root: string } }[];
    };
    const origin = (name: string) =>
      manifest.files.find(file => file.path === `/usr/local/app/lib/${name}`)?.origin?.root;
    expect(origin('libanswer.so.1')).toBe('root 2');
    expect(origin('libc.so.6')).not.toBe('root 2');
    expect(snapshot(at('second'), { inodes: true })).toEqual(before);
  });

  it('leaves the tree unchanged if a library is in none of them', async () => {
    install(at('rootfs'));
    fs.rmSync(inside('usr/lib/libanswer.so.1'));
    fs.rmSync(inside('usr/lib/libanswer.so.1.0'));
    const before = snapshot(at('rootfs'), { inodes: true });
    await expect(vendor()).rejects.toThrow(/app: libanswer\.so\.1 is missing/);
    expect(snapshot(at('rootfs'), { inodes: true })).toEqual(before);
  });
});
