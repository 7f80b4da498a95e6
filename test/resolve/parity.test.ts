import { describe, expect, it } from 'vitest';
import { parity } from '../lab/parity.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const SAMPLE = 250;

describe.runIf(has('chroot', 'archive'))('the resolution of a root of real packages', () => {
  it.each(['host-bookworm', 'host-trixie'] as const)(
    'is the same as that of its own loader: %s',
    async name => {
      const root = await labRoot(name);
      const { files, disagreements } = await parity(root, { sample: SAMPLE });
      expect(files).toBe(SAMPLE);
      expect(disagreements).toEqual([]);
    },
  );

  it('is the same as that of its own loader without ld.so.cache', async () => {
    const { disagreements } = await parity(await labRoot('host-bookworm'), { sample: 100, cache: false });
    expect(disagreements).toEqual([]);
  });
});
