import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
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

/** Whether flix starts without the files from which it runs if no cache fits. */
async function usesCache(...call: [options?: Parameters<typeof flix>[1]]): Promise<boolean> {
  fs.renameSync(at('dist/chunks'), at('dist/away'));
  const { exitCode } = await flix(['--version'], ...call);
  fs.renameSync(at('dist/away'), at('dist/chunks'));
  return exitCode === 0;
}

async function expectsToRun(): Promise<void> {
  const { stdout, stderr, exitCode } = await flix(['--version']);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: version, stderr: '', exitCode: 0 });
}

describe('the code cache of a build', () => {
  beforeEach(() => {
    for (const name of ['bin', 'dist']) fs.cpSync(cloned(name), at(name), { recursive: true });
    fs.copyFileSync(cloned('package.json'), at('package.json'));
  });

  it('is used by the Node that built it, and gives the same answers', async () => {
    const argv = ['tree', '--root', '/', process.execPath, '--json'];
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

  it('is ignored for a bundle that was changed without a change of its size', async () => {
    const bundle = fs.readFileSync(at('dist/flix.mjs'));
    bundle.write('9', bundle.indexOf(version));
    fs.writeFileSync(at('dist/flix.mjs'), bundle);
    expect(await usesCache()).toBe(false);
    await expectsToRun();
  });

  it('is ignored if its end is missing', async () => {
    fs.truncateSync(at(CACHE), fs.statSync(at(CACHE)).size - 4096);
    expect(await usesCache()).toBe(false);
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
    const bundle = fs.statSync(at('dist/flix.mjs')).size;
    const data = 8 + 8 * Math.ceil(bundle / 8);
    // the second word of V8's header is the hash of its version (src/snapshot/code-serializer.h)
    cache.writeUInt32LE(cache.readUInt32LE(data + 4) ^ 1, data + 4);
    fs.writeFileSync(at(CACHE), cache);
    expect(await usesCache()).toBe(false);
    await expectsToRun();
  });

  it('is ignored by a Node with options of its own', async () => {
    expect(await usesCache({ env: { NODE_OPTIONS: '--max-old-space-size=500' } })).toBe(false);
    expect(await usesCache({ nodeArgs: ['--no-opt'] })).toBe(false);
  });

  it('is never written when flix runs', async () => {
    fs.rmSync(at('dist/code-cache'), { recursive: true });
    await expectsToRun();
    expect(fs.existsSync(at('dist/code-cache'))).toBe(false);
  });
});
