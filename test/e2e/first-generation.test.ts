import fs from 'node:fs';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/manifest/manifest.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { programs } from './programs.ts';

const at = scratch();
let root: string;

const MODULES = 'import ctypes, lzma, sqlite3, ssl; print(ssl.OPENSSL_VERSION.split()[0])';

describe.runIf(has('chroot', 'archive', 'tool:patchelf'))('vendor --seal none', () => {
  beforeAll(async () => {
    root = fs.realpathSync(await labRoot('apps-trixie'));
  });

  it.each([
    ['curl', '/usr/bin/curl', ['--version'], /^curl 8/],
    ['python3', '/usr/bin/python3', ['-c', MODULES], /^OpenSSL$/],
  ] as const)(
    'makes a %s that starts, and its manifest lists what stays open',
    async (name, entry, options, answer) => {
      const { resources } = programs.find(program => program.name === name)!;
      const paths = [entry, ...resources(root)];
      await flix('vendor', root, '--seal', 'none', '--name', name, '--out', at(name), ...paths);
      expect(execaSync('chroot', [at(name), entry, ...options]).stdout).toMatch(answer);

      const manifest = JSON.parse(
        fs.readFileSync(at(name, 'usr/local', name, 'manifest.json'), 'utf8'),
      ) as Manifest;
      expect(manifest.seal).toBe('none');
      const loader = `/usr/local/${name}/lib/ld-linux-x86-64.so.2`;
      expect(manifest.open.flatMap(({ through, file }) => (file === loader ? through : []))).toEqual([
        '/etc/ld.so.cache',
        '/etc/ld.so.preload',
        'LD_AUDIT',
        'LD_LIBRARY_PATH',
        'LD_PRELOAD',
      ]);
    },
  );

  it.runIf(has('tool:gcc'))('refuses a file that patchelf would silently damage', async () => {
    fs.mkdirSync(at('tree/usr/bin'), { recursive: true });
    const program = at('tree/usr/bin/selfextracting');
    execaSync('gcc', ['-x', 'c', '-', '-o', program], { input: 'int main(void) { return 0; }' });
    fs.appendFileSync(program, 'an archive'.repeat(1000));
    await expect(flix('vendor', at('tree'), '--seal', 'none')).rejects.toThrow(/data after its ELF part/);
    // sealing needs no patchelf
    await flix('vendor', at('tree'));
    expect(fs.readFileSync(program, 'latin1').endsWith('an archive')).toBe(true);
    expect(execaSync('chroot', [at('tree'), '/usr/bin/selfextracting']).exitCode).toBe(0);
  });
});
