import { describe, expect, it } from 'vitest';
import { parity } from '../lab/parity.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';

const SAMPLE = 250;

describe.runIf(has('chroot', 'archive'))('a root of real packages', () => {
  it.each(['host-bookworm', 'host-trixie'] as const)(
    'is resolved as the loader of %s resolves it',
    async name => {
      const root = await labRoot(name);
      const { files, disagreements } = await parity(root, { sample: SAMPLE });
      expect(files).toBe(SAMPLE);
      expect(disagreements).toEqual([]);
    },
  );

  it('is resolved as its loader does without ld.so.cache', async () => {
    const { disagreements } = await parity(await labRoot('host-bookworm'), { sample: 100, cache: false });
    expect(disagreements).toEqual([]);
  });
});
