import fs from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { makeKeys } from './keys.ts';
import { sampleTree } from './sample.ts';

const at = scratch();
const LONG_MS = 300_000;

/** Runs flix pack, and kills it at its nth rename. @param n 0: never */
async function pack(args: readonly string[], n: number) {
  const killer = `
    import fs from 'node:fs/promises';
    const real = fs.rename;
    let count = 0;
    fs.rename = (...args) => {
      if (++count === ${n}) process.kill(process.pid, 'SIGKILL');
      return real(...args);
    };`;
  const patch = `data:text/javascript,${encodeURIComponent(killer)}`;
  const command = ['--import', patch, 'bin/flix.js', 'pack', at('tree'), ...args];
  const child = await execa('node', command, { reject: false, cwd: new URL('../..', import.meta.url) });
  return { status: child.exitCode, signal: child.signal, stderr: child.stderr };
}

/** The lines of SHA256SUMS whose files have other digests. */
async function wrongSums(directory: string): Promise<string> {
  const { stdout } = await execa('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], {
    cwd: directory,
    reject: false,
  });
  return stdout;
}

/** The names of what a killed run left. */
function left(directory: string): string[] {
  return fs.readdirSync(directory).filter(name => /flix-(?:new|old|announced)/.test(name));
}

/** Packs again and again: each run is killed at a later rename than the one before, and makes other bytes. */
async function killOneAfterTheOther(args: readonly string[]): Promise<number> {
  for (let n = 1; ; n++) {
    const ended = await pack(args, n);
    if (ended.signal === 'SIGKILL') continue;
    expect(ended).toMatchObject({ status: 0 });
    return n - 1;
  }
}

describe.runIf(has('tool:mkfs.erofs', 'tool:openssl'))('a run of pack that was killed', () => {
  it.each<[string, readonly string[]]>([
    ['a signed image with an elliptic curve', ['--format', 'ddi', '--arch', 'x86-64', 'KEYS']],
    ['a signature beside an image', ['--format', 'erofs', 'KEYS']],
  ])(
    'does not keep the next one from replacing its own half of %s',
    async (_, template) => {
      sampleTree(at('tree'));
      fs.mkdirSync(at('out'));
      const { key, certificate } = makeKeys(at('me'), 'ec');
      const args = template.flatMap(word => {
        return word === 'KEYS' ? ['--key', key, '--certificate', certificate] : [word];
      });
      args.push('--name', 'demo', '-o', at('out/demo.raw'));
      expect(await killOneAfterTheOther(args)).toBeGreaterThan(1);
      expect(await wrongSums(at('out'))).toBe('');
      expect(left(at('out'))).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'does not keep the next one from publishing in a feed the version that it had copied there',
    async () => {
      sampleTree(at('tree'));
      const { key, certificate } = makeKeys(at('me'), 'ec');
      const args = ['--format', 'ddi', '--arch', 'x86-64', '--key', key, '--certificate', certificate];
      args.push('--name', 'demo', '--any-name', '-o', at('demo.raw'));
      args.push('--version', '1', '--feed', at('feed'), '--feed-url', 'http://x/');
      const image = at('feed/demo-1-x86-64.raw');
      for (let n = 1; !fs.existsSync(image); n++) await pack(args, n);
      expect(fs.existsSync(at('feed/SHA256SUMS'))).toBe(false);
      const copied = fs.readFileSync(image);
      expect(await pack(args, 0)).toMatchObject({ status: 0 });
      expect(fs.readFileSync(image).equals(copied)).toBe(false);
      expect(await wrongSums(at('feed'))).toBe('');
      expect(left(at('feed'))).toEqual([]);
      expect(await pack(args, 0)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('must not change'),
      });
    },
    LONG_MS,
  );

  it('does not let a later one replace what somebody else put there', async () => {
    sampleTree(at('tree'));
    const { key, certificate } = makeKeys(at('me'), 'ec');
    const args = ['--format', 'ddi', '--arch', 'x86-64', '--key', key, '--certificate', certificate];
    args.push('--name', 'demo', '-o', at('demo.raw'));
    for (let n = 1; !fs.existsSync(at('demo.raw')); n++) await pack(args, n);
    fs.writeFileSync(at('demo.raw'), 'mine');
    expect(await pack(args, 0)).toMatchObject({ status: 2, stderr: expect.stringContaining('not listed') });
    expect(fs.readFileSync(at('demo.raw'), 'utf8')).toBe('mine');
  });
});
