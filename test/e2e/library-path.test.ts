import fs from 'node:fs';
import { execaSync } from 'execa';
import { expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const inside = (name: string) => at('rootfs', name);
const compile = (source: string, ...options: string[]) =>
  execaSync('gcc', ['-x', 'c', '-', '-o', ...options], { input: source });

it.runIf(has('tool:gcc', 'chroot'))(
  'a program that a script starts with LD_LIBRARY_PATH runs without that script, and the audit is content',
  async () => {
    fs.mkdirSync(inside('usr/lib/app'), { recursive: true });
    fs.mkdirSync(inside('usr/bin'));
    const library = inside('usr/lib/app/libmine.so.1');
    compile('int f(void){return 7;}', library, '-shared', '-fPIC', '-Wl,-soname,libmine.so.1');
    compile('int f(void); int main(void){return f();}', inside('usr/lib/app/app.bin'), '-x', 'none', library);
    const script = '#!/bin/sh\nLD_LIBRARY_PATH=/usr/lib/app exec /usr/lib/app/app.bin "$@"\n';
    fs.writeFileSync(inside('usr/bin/app'), script, { mode: 0o755 });

    const { stderr, stdout } = await flix('vendor', at('rootfs'), '--name', 'app');
    expect(stderr).toContain('libmine.so.1 in /usr/lib/app, where the tree has it');
    expect(stdout).toContain('confirmed by the private loader');
    expect(execaSync('chroot', [at('rootfs'), '/usr/lib/app/app.bin'], { reject: false }).exitCode).toBe(7);
    expect((await flix('audit', at('rootfs'))).stdout).not.toContain('missing');
  },
);
