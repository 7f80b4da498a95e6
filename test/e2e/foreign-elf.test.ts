import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { install } from './app.ts';

const at = scratch();
const inside = (...parts: string[]) => at('rootfs', ...parts);

/** What the program prints in a root that has nothing but the tree. */
const run = (tree: string) => execaSync('chroot', [tree, '/usr/bin/app']).stdout;
const ANSWER = 'library 42, plugin 8';

describe.runIf(has('tool:gcc', 'tool:objcopy', 'chroot'))('a tree with ELF files that are data', () => {
  it('is completed although it has split debug information, which the audit does not take for programs', async () => {
    install(at('rootfs'));
    fs.mkdirSync(inside('usr/lib/debug'), { recursive: true });
    for (const file of ['usr/bin/app', 'usr/lib/app/plugin.so', 'usr/lib/libanswer.so.1.0'])
      execaSync('objcopy', [
        '--only-keep-debug',
        inside(file),
        inside('usr/lib/debug', `${path.basename(file)}.debug`),
      ]);
    await flix('vendor', at('rootfs'), '--name', 'app');
    expect(run(at('rootfs'))).toBe(ANSWER);
    const { stdout } = await flix('audit', at('rootfs'));
    expect(stdout).not.toContain('.debug');
  });

  it.runIf(has('archive'))('is completed although it has real programs of another machine', async () => {
    install(at('rootfs'));
    const other = await labRoot('arm64-trixie');
    for (const name of ['bash', 'curl'])
      fs.copyFileSync(path.join(other, 'usr/bin', name), inside('usr/share/app', name));
    fs.copyFileSync(inside('usr/bin/app'), inside('usr/share/app/unwanted'));
    const { stderr, stdout } = await flix(
      'vendor',
      at('rootfs'),
      '--name',
      'app',
      '--exclude',
      '/usr/share/app/unw*',
    );
    expect(stderr).toContain('/usr/share/app/bash: is for arm64');
    expect(stdout).toContain('confirmed by the private loader');
    expect(run(at('rootfs'))).toBe(ANSWER);
    expect(fs.readdirSync(inside('usr/share/app'))).toEqual(['bash', 'curl', 'data', 'same']);
    const before = fs.readFileSync(path.join(other, 'usr/bin/bash'));
    expect(fs.readFileSync(inside('usr/share/app/bash')).equals(before)).toBe(true);
  });
});
