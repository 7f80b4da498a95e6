import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openVariables } from '../../src/prove/seal.ts';
import { installMusl } from '../e2e/musl-app.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { findLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

/** What a loader in the place of the private one follows; `undefined`: the private one itself. */
function follows(loader: string, library: string, unsealed?: string) {
  if (unsealed !== undefined) fs.copyFileSync(unsealed, at('tree', loader));
  return openVariables(
    { directory: fs.realpathSync(at('tree')), emulator: undefined },
    loader,
    '/usr/bin/app',
    library,
  );
}

describe('the variables that a private loader follows', () => {
  it.runIf(has('chroot', 'tool:gcc', 'loader:musl'))(
    'are none of musl, and two of one that is not sealed',
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
    'are none of glibc, and three of one that is not sealed',
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
