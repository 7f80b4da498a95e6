import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { derive } from '../../src/pack/seed.ts';
import { formatVerity, hashTreeSize } from '../../src/pack/verity.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

describe.runIf(has('tool:veritysetup'))('hashTreeSize', () => {
  it.each([1, 2, 128, 129, 128 * 128, 128 * 128 + 1])(
    'is the size that veritysetup writes for %d blocks',
    async blocks => {
      const [data, hashes] = [at('data'), at('hashes')];
      fs.writeFileSync(data, '');
      fs.truncateSync(data, blocks * 4096);
      fs.writeFileSync(hashes, '');
      const rootHash = await formatVerity(data, hashes, derive('22222222-2222-8222-8222-222222222222'));
      expect(rootHash).toMatch(/^[0-9a-f]{64}$/);
      expect(fs.statSync(hashes).size).toBe(hashTreeSize(blocks * 4096));
    },
  );
});
