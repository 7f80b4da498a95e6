import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { beforeEach, describe, expect, it } from 'vitest';
import { version } from '../../src/version.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();
const cloned = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const CACHE = `dist/code-cache/v8-${process.versions.v8}-${process.arch}`;

const flix = (argv: readonly string[], options: { env?: Record<string, string>; nodeArgs?: string[] } = {}) =>
  execa(process.execPath, [...(options.nodeArgs ?? []), at('bin/flix.js'), ...argv], {
    reject: false,
    env: { NODE_OPTIONS: '', ...options.env },
  });

/** `version: "9.1.0"` in the code of the cache, and nowhere else: `flix --version` tells where its code comes from. */
const OTHER = `9${version.slice(1)}`;
const named = (number: string) => `version:"${number}"`;

async function usesCache(...call: [options?: Parameters<typeof flix>[1]]): Promise<boolean> {
  const { stdout } = await flix(['--version'], ...call);
  expect([version, OTHER]).toContain(stdout);
  return stdout === OTHER;
}

/** Replaces the first occurrence of a text with one of the same length. */
function overwrite(file: string, from: string, to: string): void {
  const bytes = fs.readFileSync(at(file));
  expect(bytes.includes(from)).toBe(true);
  bytes.write(to, bytes.indexOf(from));
  fs.writeFileSync(at(file), bytes);
}

async function expectsToRun(): Promise<void> {
  const { stdout, stderr, exitCode } = await flix(['--version']);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: version, stderr: '', exitCode: 0 });
}

describe('the code cache of a build', () => {
  beforeEach(() => {
    for (const name of ['bin', 'dist/flix.mjs', 'scripts/make-code-cache.cjs'])
      fs.cpSync(cloned(name), at(name), { recursive: true });
    overwrite('dist/flix.mjs', named(version), named(OTHER));
    execaSync(process.execPath, [at('scripts/make-code-cache.cjs')]);
    overwrite('dist/flix.mjs', named(OTHER), named(version));
    // the first of the two is the copy of the chunk, with which flix compares the bundle
    overwrite(CACHE, named(OTHER), named(version));
  });

  it('is used by the Node that built it, and gives the same answers', async () => {
    const argv = ['tree', '--root', '/', process.execPath];
    const cached = await flix(argv);
    expect(await usesCache()).toBe(true);
    fs.rmSync(at('dist/code-cache'), { recursive: true });
    expect(await usesCache()).toBe(false);
    const plain = await flix(argv);
    expect([cached.exitCode, cached.stdout, cached.stderr]).toEqual([
      plain.exitCode,
      plain.stdout,
      plain.stderr,
    ]);
  });

  it('is used by a copy of the single file that lies beside it', async () => {
    const { stdout } = await execa(process.execPath, [at('dist/flix.mjs'), '--version']);
    expect(stdout).toBe(OTHER);
  });

  it('is ignored for a bundle that was changed without a change of its size', async () => {
    overwrite('dist/flix.mjs', named(version), named(`8${version.slice(1)}`));
    const { stdout } = await flix(['--version']);
    expect(stdout).toBe(`8${version.slice(1)}`);
  });

  it('is ignored if its end is missing', async () => {
    fs.truncateSync(at(CACHE), fs.statSync(at(CACHE)).size - 4096);
    await expectsToRun();
  });

  it('is ignored if it is empty, a directory or not there', async () => {
    fs.truncateSync(at(CACHE), 0);
    await expectsToRun();
    fs.rmSync(at(CACHE));
    await expectsToRun();
    fs.mkdirSync(at(CACHE));
    await expectsToRun();
  });

  it('is ignored if another build of V8 made it', async () => {
    const cache = fs.readFileSync(at(CACHE));
    const table = JSON.parse(cache.toString('latin1', cache.readDoubleLE(8))) as Record<string, number[]>;
    // the second word of V8's header is the hash of its version (src/snapshot/code-serializer.h)
    for (const [, data] of Object.values(table) as [number, number][])
      cache.writeUInt32LE(cache.readUInt32LE(data + 4) ^ 1, data + 4);
    fs.writeFileSync(at(CACHE), cache);
    await expectsToRun();
  });

  it('is ignored by a Node with other options for V8', async () => {
    expect(await usesCache({ nodeArgs: ['--no-opt'] })).toBe(false);
  });

  it('is never written when flix runs', async () => {
    fs.rmSync(at('dist/code-cache'), { recursive: true });
    await expectsToRun();
    expect(fs.existsSync(at('dist/code-cache'))).toBe(false);
  });
});

describe('flix in a checkout', () => {
  beforeEach(() => {
    fs.cpSync(cloned('bin'), at('bin'), { recursive: true });
    fs.mkdirSync(at('dist'));
  });

  it.each([
    ['was never built', undefined],
    ['has an empty bundle', ''],
    ['was last built by a version that wrote no table', "#!/usr/bin/env node\nconsole.log('other');\n"],
    ['was last built by a version whose table has no entry', '/*\n{"start":[0,0,0]}*/\n'],
  ])('says in one line that npm run build is needed if it %s', async (_, bundle) => {
    if (bundle !== undefined) fs.writeFileSync(at('dist/flix.mjs'), bundle);
    const { stderr, exitCode } = await flix(['--version']);
    expect({ stderr, exitCode }).toEqual({
      stderr: 'flix: dist/flix.mjs is missing or out of date: run npm run build',
      exitCode: 3,
    });
  });
});
