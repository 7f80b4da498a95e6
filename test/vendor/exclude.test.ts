import { describe, expect, it } from 'vitest';
import { flix, LIB, makeRoot } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

const vendor = (...args: string[]) =>
  flix(['vendor', makeRoot(at('root')), '/usr/bin/app', '--no-run', '--out', at('tree'), ...args]);

describe.runIf(has('loader:glibc'))('vendor --exclude', () => {
  it('says that a library comes along although it is excluded, and how to leave it out', async () => {
    for (const pattern of [`${LIB}/libc.so.6`, `${LIB}/libc*`]) {
      const { stderr, status } = await vendor('--exclude', pattern);
      expect(status).toBe(0);
      expect(stderr).toContain('/usr/local/app/lib/libc.so.6: copied although --exclude names');
      expect(stderr).toContain(
        'needed by /usr/bin/app as libc.so.6; to leave it out, use --exclude-lib libc.so.6=WHY',
      );
    }
  });

  it('says nothing of libraries in an excluded directory, from which only named files are left out', async () => {
    expect((await vendor('--exclude', LIB)).stderr).not.toContain('copied although');
  });
});

describe('vendor --out', () => {
  it.each(['/etc', '/usr/lib', '/usr/lib/systemd', '/bin/x', '/usr/local/bin', '/var/lib'])(
    'refuses %s, also with --force, and does not advise it',
    async out => {
      const { stderr, status } = await vendor('--out', out, '--force');
      expect([status, stderr]).toEqual([2, expect.stringContaining('is a directory of this system')]);
      expect(stderr).not.toContain('--force');
    },
  );
});
