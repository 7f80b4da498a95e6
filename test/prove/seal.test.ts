import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkSeal, openVariables } from '../../src/prove/seal.ts';
import { installMusl } from '../e2e/musl-app.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { findLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

/** @param unsealed a loader to put in the place of the private one first */
function follows(loader: string, library: string, unsealed?: string) {
  if (unsealed !== undefined) fs.copyFileSync(unsealed, at('tree', loader));
  return openVariables(
    { directory: fs.realpathSync(at('tree')), emulator: undefined },
    loader,
    '/usr/bin/app',
    library,
  );
}

describe('openVariables', () => {
  it.runIf(has('chroot', 'tool:gcc', 'loader:musl'))(
    'finds none for a sealed musl loader and two for an unsealed one',
    async () => {
      installMusl(at('tree'));
      await flix('vendor', at('tree'), '--name', 'app');
      const [loader, library] = ['/usr/local/app/lib/libc.so', '/usr/local/app/lib/libanswer.so.1'];
      expect(await follows(loader, library)).toEqual([]);
      const own = fs.realpathSync(findLoader('musl')!);
      expect(await follows(loader, library, own)).toEqual(['LD_LIBRARY_PATH', 'LD_PRELOAD']);
    },
  );

  it.runIf(has('chroot', 'loader:glibc'))(
    'finds none for a sealed glibc loader and three for an unsealed one',
    async () => {
      fs.mkdirSync(at('tree/usr/bin'), { recursive: true });
      fs.copyFileSync('/bin/ls', at('tree/usr/bin/app'));
      await flix('vendor', at('tree'), '--name', 'app');
      const [loader, library] = ['/usr/local/app/lib/ld-linux-x86-64.so.2', '/usr/local/app/lib/libc.so.6'];
      expect(await follows(loader, library)).toEqual([]);
      const own = fs.realpathSync(findLoader('glibc')!);
      expect(await follows(loader, library, own)).toEqual(['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT']);
    },
  );
});

describe('checkSeal', () => {
  const check = (followed: string[], open: string[]) => () =>
    checkSeal('/usr/local/app/ld.so', followed, open);

  it('fails if the loader follows a variable that its seal closes', () => {
    expect(check(['LD_PRELOAD', 'LD_AUDIT'], ['LD_AUDIT'])).toThrow(
      expect.objectContaining({
        kind: 'proof',
        code: 'seal-differs',
        message: '/usr/local/app/ld.so follows LD_PRELOAD, although its seal closes it',
      }),
    );
  });

  it('passes if the loader follows only variables that the manifest names as open', () => {
    expect(check(['LD_AUDIT'], ['LD_AUDIT', 'LD_PRELOAD'])).not.toThrow();
    expect(check([], [])).not.toThrow();
  });
});
