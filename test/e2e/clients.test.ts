import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../lab/flix.ts';
import { addDecoys, MARKER } from '../lab/hostile-host.ts';
import { has } from '../lab/requires.ts';
import { stage as hostileMerge } from '../lab/stage.ts';
import { labRoot } from '../lab/roots.ts';
import { type Client, clients, decoys, type Servers, startServers } from './clients.ts';
import { type WrappedStage, wrappedStage } from './flatwrap-stage.ts';

const able = has('root', 'mountNamespace', 'archive', 'tool:strace', 'tool:openssl', 'tool:gcc');

/** Each release with another one that is the host. */
const releases = { bullseye: 'trixie', bookworm: 'trixie', trixie: 'bookworm' } as const;
type Release = keyof typeof releases;
const all = Object.keys(releases) as Release[];

/** A root of bullseye is not merged, so that wrappers change into it, where the test's own directory is not seen. */
const bind = (release: Release) => (release === 'bullseye' ? ['--bind', '/data:/data'] : []);

let scratch: string;
let servers: Servers;
const counter = { value: 0 };

beforeAll(async () => {
  if (!able) return;
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-clients-')));
  fs.chmodSync(scratch, 0o755);
  servers = await startServers(await labRoot('clients-bookworm'), path.join(scratch, 'servers'));
});
afterAll(async () => {
  await servers?.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

function directory(): string {
  const at = path.join(scratch, String(counter.value++));
  fs.mkdirSync(at);
  return at;
}

/** Merges a wrapped tree over a host with decoys of modules, and with an /etc that names one. */
async function hostileStage(tree: string, release: Release): Promise<WrappedStage> {
  const at = directory();
  const host = fs.realpathSync(await labRoot(`host-${releases[release]}`));
  const layer = path.join(at, 'layer');
  fs.mkdirSync(layer);
  addDecoys(layer, decoys);
  // these lead the host's own shell, which runs the wrapper, to decoys
  for (const name of ['ld.so.preload', 'ld.so.conf']) fs.rmSync(path.join(layer, 'etc', name));
  fs.cpSync(path.join(layer, 'etc'), path.join(at, 'data/etc'), { recursive: true });
  return wrappedStage({ tree, name: 'app', host, layers: [layer], scratch: at });
}

/** Does the work and looks at the libraries that the last run of the program mapped. */
async function expectWorks(stage: WrappedStage, { entry, modules, work }: Client): Promise<void> {
  await work(stage, servers);
  const mapped = stage.mapped(entry);
  for (const module of modules) expect(mapped).toContainEqual(expect.stringMatching(module));
  expect(stage.foreign(entry)).toEqual([]);
  expect(fs.existsSync(stage.data + MARKER.slice('/data'.length))).toBe(false);
}

describe.runIf(able).each(all)(
  'over a hostile host of another release, with no module of the host, works %s',
  release => {
    it.each(clients)('$name in a trimmed root', async client => {
      const tree = path.join(directory(), 'tree');
      const options = ['--mode', 'flatwrap', '--trim', '--name', 'app', ...bind(release), ...client.options];
      await flix('vendor', await labRoot(`clients-${release}`), ...options, '--out', tree, client.entry);
      await expectWorks(await hostileStage(tree, release), client);
    });

    describe('in a whole root', () => {
      let tree: string;
      beforeAll(async () => {
        tree = path.join(directory(), 'tree');
        const entries = [...new Set(clients.map(({ entry }) => entry))];
        const options = ['--mode', 'flatwrap', '--no-trim', '--name', 'app', ...bind(release)];
        await flix('vendor', await labRoot(`clients-${release}`), ...options, '--out', tree, ...entries);
      });
      afterAll(() => fs.rmSync(tree, { recursive: true, force: true }));

      it.each(clients)('$name', async client => expectWorks(await hostileStage(tree, release), client));
    });
  },
);

describe.runIf(able).each(all)(
  'over a hostile host of another release, with no code of the host, works in Flix mode %s',
  release => {
    it.each(clients)('$name', async client => {
      const tree = path.join(directory(), 'app');
      const options = ['--name', 'app', '--out', tree, ...client.options];
      await flix('vendor', await labRoot(`clients-${release}`), ...options, client.entry);
      const host = fs.realpathSync(await labRoot(`host-${releases[release]}`));
      const merged = hostileMerge({ tree, host, scratch: directory(), sonames: decoys });
      await client.work(merged, servers);
      expect(merged.foreign(client.entry)).toEqual([]);
      const { mapped } = merged.trace(client.entry);
      for (const module of client.modules) expect(mapped).toContainEqual(expect.stringMatching(module));
    });
  },
);

describe.runIf(able)('the check for modules of the host', () => {
  it('finds the decoys that programs of the host itself load', async () => {
    const tree = path.join(directory(), 'tree');
    const root = await labRoot('clients-bookworm');
    await flix(
      'vendor',
      root,
      '--mode',
      'flatwrap',
      '--trim',
      '--name',
      'app',
      '--out',
      tree,
      '/usr/bin/locale',
    );
    const stage = await hostileStage(tree, 'bookworm');
    const getent = clients.find(({ name }) => name === 'getent')!;
    await getent.work(stage, servers).catch(() => undefined);
    expect(fs.existsSync(stage.data + MARKER.slice('/data'.length))).toBe(true);
  });
});
