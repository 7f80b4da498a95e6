import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { asUser, directoryOfUser, installPackage, packForNpm } from '../lab/npm-package.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

describe.runIf(has('tool:npm', 'tool:setpriv'))('the package of npm pack', () => {
  it('installs into an empty directory without a registry, and runs by npx', () => {
    const { file, paths } = packForNpm(at());
    expect(paths).toEqual(
      expect.arrayContaining(['bin/flix.js', 'dist/flix.mjs', 'docs/flix.1', 'docs/_flix', 'LICENSE']),
    );
    expect(paths.filter(name => /^(?:src|test|fixtures|scripts)\//.test(name))).toEqual([]);

    const empty = at('empty');
    directoryOfUser(empty);
    expect(installPackage(empty, file)).toMatchObject({ exitCode: 0 });
    expect(fs.readdirSync(path.join(empty, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual([
      'flix',
    ]);
    const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(asUser(empty, 'npx', '--offline', 'flix', '--version').stdout).toBe(version);
    const listed = asUser(empty, 'npx', '--offline', 'flix', 'tree', '--root', '/', process.execPath);
    expect(listed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('libc') });
  });
});
