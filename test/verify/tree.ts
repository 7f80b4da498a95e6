import fs from 'node:fs';
import path from 'node:path';

/** The tree of an extension called demo: a program, incompressible data, a release file. */
export function demoTree(root: string, release = 'ID=_any\nARCHITECTURE=x86-64\n'): string {
  const write = (name: string, content: string | Buffer, mode = 0o644) => {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    fs.chmodSync(file, mode);
  };
  write('usr/lib/extension-release.d/extension-release.demo', release);
  fs.mkdirSync(path.join(root, 'usr/bin'));
  fs.copyFileSync('/usr/bin/env', path.join(root, 'usr/bin/demo'));
  write('usr/share/demo/noise', noise(200_000));
  write('usr/share/demo/text', 'all work and no play\n'.repeat(9000));
  fs.symlinkSync('../share/demo/text', path.join(root, 'usr/bin/text'));
  return root;
}

/** Incompressible bytes, the same every time. */
function noise(length: number, seed = 1): Buffer {
  const random = randoms(seed);
  return Buffer.from(Array.from({ length }, () => random(256)));
}

/** Returns a generator of numbers from 0 to `limit` - 1, the same for each seed (mulberry32). */
export function randoms(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}
