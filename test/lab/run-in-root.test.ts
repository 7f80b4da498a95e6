import { describe, expect, it } from 'vitest';
import { has } from './requires.ts';
import { runInRoot } from './run-in-root.ts';

describe.runIf(has('root', 'chroot'))('a program that runs in a root', () => {
  it('can write more than a pipe takes to both streams, in any order', async () => {
    const fill =
      'yes error | head -c 200000 >&2; yes output | head -c 200000; yes error | head -c 200000 >&2';
    const [answer] = await runInRoot({ root: '/', command: ['/bin/sh', '-c', fill], paths: ['sh'] });
    expect({ ...answer, stdout: answer!.stdout.length, stderr: answer!.stderr.length }).toEqual({
      status: 0,
      stdout: 200_000,
      stderr: 400_000,
    });
  });
});
