import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const USER = 1000;

/** Runs a command as an ordinary user, even if root runs the tests. */
function asUser(directory: string, command: string, ...words: string[]) {
  const isRoot = process.getuid?.() === 0;
  const setpriv = `setpriv --reuid ${USER} --regid ${USER} --clear-groups --`.split(' ');
  const [program, ...rest] = [...(isRoot ? setpriv : []), command, ...words] as [string, ...string[]];
  return execaSync(program, rest, {
    cwd: directory,
    env: { HOME: directory, npm_config_cache: path.join(directory, 'cache') },
    reject: false,
  });
}

describe.runIf(has('tool:npm', 'tool:setpriv'))('the package of npm pack', () => {
  it('installs into an empty directory without a registry, and runs by npx', () => {
    // the tests have built dist
    const packed = execaSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', at()]);
    const [{ filename, files }] = JSON.parse(packed.stdout) as [
      { filename: string; files: readonly { readonly path: string }[] },
    ];
    const paths = files.map(file => file.path);
    expect(paths).toEqual(
      expect.arrayContaining(['bin/flix.js', 'dist/flix.mjs', 'docs/flix.1', 'docs/_flix', 'LICENSE']),
    );
    expect(paths.filter(file => /^(?:src|test|fixtures|scripts)\//.test(file))).toEqual([]);

    const empty = at('empty');
    fs.mkdirSync(empty);
    fs.chmodSync(at(), 0o755);
    if (process.getuid?.() === 0) fs.chownSync(empty, USER, USER);
    const install = ['install', '--offline', '--no-audit', '--no-fund', at(filename)];
    expect(asUser(empty, 'npm', ...install)).toMatchObject({ exitCode: 0 });
    expect(fs.readdirSync(path.join(empty, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual([
      'flix',
    ]);
    const { version } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(asUser(empty, 'npx', '--offline', 'flix', '--version').stdout).toBe(version);
    const listed = asUser(empty, 'npx', '--offline', 'flix', 'tree', '--root', '/', process.execPath);
    expect(listed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('libc') });
  });
});
