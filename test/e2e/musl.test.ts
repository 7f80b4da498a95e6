import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { musl } from '../../src/libc/libc.ts';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { stage } from '../lab/stage.ts';
import { HOST_ONLY, installMusl } from './musl-app.ts';

const at = scratch();
const able = has('chroot', 'mountNamespace', 'tool:gcc', 'tool:strace', 'loader:musl');

/** Runs the program of the tree over a host. Returns its output and what it loaded from outside the tree. */
function run(host: string | undefined, sonames: readonly string[]) {
  fs.mkdirSync(at('stage'));
  const merged = stage({
    tree: fs.realpathSync(at('tree')),
    host,
    scratch: fs.realpathSync(at('stage')),
    sonames,
  });
  const [program, ...options] = merged.command(['/usr/bin/app']);
  const { stdout, stderr } = execaSync(program!, options, { reject: false });
  return { said: stdout + stderr, loads: merged.foreign('/usr/bin/app') };
}

describe.runIf(able)('a musl program', () => {
  it.each(['app', 'sixteen-char-app'])('stays private as %s', async name => {
    installMusl(at('tree'));
    await flix('vendor', at('tree'), '--name', name);
    const sonames = fs.readdirSync(at('tree', path.join('usr/local', name, 'lib')));
    expect(run(undefined, [...sonames, HOST_ONLY])).toEqual({
      said: 'library 42, plugin 8, host refused',
      loads: [],
    });
  });

  it.runIf(has('archive'))('stays private over a glibc host', async () => {
    installMusl(at('tree'));
    await flix('vendor', at('tree'), '--name', 'app');
    expect(run(await labRoot('host-trixie'), ['libanswer.so.1', 'libc.so', HOST_ONLY])).toEqual({
      said: 'library 42, plugin 8, host refused',
      loads: [],
    });
  });

  it('loads decoys before it is vendored', () => {
    installMusl(at('tree'));
    fs.copyFileSync('/lib/ld-musl-x86_64.so.1', at('tree/usr/lib/ld-musl-x86_64.so.1'));
    expect(run(undefined, ['libanswer.so.1', HOST_ONLY]).loads).toContain('/decoy/lib/preload.so');
  });
});

it.runIf(has('tool:gcc', 'loader:musl'))(
  'the manifest of a musl tree whose seal was not proven names only variables that musl has',
  async () => {
    installMusl(at('tree'));
    await flix('vendor', at('tree'), '--name', 'app', '--no-run');
    const text = fs.readFileSync(at('tree/usr/local/app/manifest.json'), 'utf8');
    const { open } = JSON.parse(text) as { open: readonly { through: string }[] };
    expect(open.filter(({ through }) => !musl.variables.some(name => name === through))).toEqual([]);
  },
);
