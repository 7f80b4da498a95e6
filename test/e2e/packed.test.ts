import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix, program } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { install } from './app.ts';

const at = scratch();
const SOURCE = 'static const char pad[300000] = {1}; int main(int c, char **v) { return pad[c] + !v; }';

describe.runIf(has('tool:gcc', 'archive'))('a program that UPX has packed', () => {
  it.each([[[]], [['-no-pie']], [['-static']]])(
    'is refused and found, if it was built with %j',
    async options => {
      const upx = await labRoot('upx-trixie');
      const lib = path.join(upx, 'usr/lib/x86_64-linux-gnu');
      install(at('rootfs'));
      const packed = at('rootfs/usr/bin/packed');
      execaSync('gcc', ['-x', 'c', '-', '-o', packed, ...options], { input: SOURCE });
      execaSync(path.join(lib, 'ld-linux-x86-64.so.2'), [
        '--library-path',
        lib,
        path.join(upx, 'usr/bin/upx-ucl'),
        '-q',
        packed,
      ]);
      const vendor = ['vendor', at('rootfs'), '--name', 'app', '--out', at('out')];
      const { stderr, exitCode } = execaSync(process.execPath, [program, ...vendor], { reject: false });
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`upx -d ${fs.realpathSync(packed)}`)]);

      await flix(...vendor, '--exclude', '/usr/bin/packed');
      expect((await flix('audit', at('out'))).stdout).not.toContain('packed');
      fs.copyFileSync(packed, at('out/usr/bin/packed'));
      expect((await flix('audit', at('out'))).stdout).toContain('leaks/packed-program');
    },
  );
});
