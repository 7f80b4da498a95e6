import { execaSync } from 'execa';
import { expect, it } from 'vitest';

// Node itself opens about twenty
it.each([20, 22, 24, 26, 28, 32, 40, 64])(
  'says so if only %i descriptors are free, and shows no stack',
  limit => {
    for (const args of ['--help', 'doctor', 'tree --root / /bin/sh', 'list nowhere.raw']) {
      const command = `ulimit -n ${limit}; exec node bin/flix.js ${args}`;
      const { exitCode, stderr } = execaSync('sh', ['-c', command], { reject: false });
      expect(stderr, args).not.toMatch(/^ {4}at |bug in flix|node:internal/m);
      if (stderr.includes('too many open files')) expect([args, exitCode]).toEqual([args, 5]);
      else expect([0, 1, 2, 3, 5], args).toContain(exitCode);
    }
  },
);
