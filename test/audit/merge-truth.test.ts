import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { runInOverlay } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { extension, type Files, host, removeRoots, root, treeView } from './world.ts';

afterAll(removeRoots);
const at = scratch();
const text = { text: 'x' };

/** Runs a script in which `merge` lays /shared/app over the root with the root's own systemd. */
async function merged(name: 'host-bookworm' | 'host-trixie', app: Files, script: string): Promise<string[]> {
  const [shared, work] = [at('shared'), at('work')];
  for (const place of [shared, work]) fs.rmSync(place, { recursive: true, force: true });
  for (const place of [shared, work]) fs.mkdirSync(place, { recursive: true });
  fs.cpSync(root('app', app), path.join(shared, 'app'), { recursive: true });
  const merge =
    'merge() { mkdir -p /var/lib/extensions; cp -a /shared/app /var/lib/extensions; systemd-sysext merge >&2; }';
  const place = { root: await labRoot(name), work, shared };
  const { stdout, stderr, status } = await runInOverlay(place, ['sh', '-c', `set -eu\n${merge}\n${script}`]);
  expect(status, stderr).toBe(0);
  return stdout.split('\n');
}

const kinds = (app: Files, over: Files) => {
  const tree = { name: 'app', view: treeView(root('app', app), 'app') };
  return audit([tree], [directoryView(root('debian', host(undefined, over)))]).findings.map(
    ({ kind }) => kind,
  );
};

describe
  .runIf(has('root', 'chroot', 'mountNamespace', 'archive'))
  .each(['host-bookworm', 'host-trixie'] as const)(
  'what the systemd of %s merges',
  { timeout: 120_000 },
  name => {
    const app = extension('app', { '/opt/app/x': text });

    it.each<[string, Files, string]>([
      ['var/opt', { '/var/opt/host/x': text }, 'mkdir -p /var/opt/host; echo x >/var/opt/host/x'],
      [
        'usr/share/opt',
        { '/usr/share/opt/host/x': text },
        'mkdir -p /usr/share/opt/host; echo x >/usr/share/opt/host/x',
      ],
    ])('keeps what the host has at /opt if that is a link to %s', async (target, files, make) => {
      const script = `${make}\nrm -rf /opt; ln -s ${target} /opt\nmerge\nls /opt /opt/host /opt/app`;
      expect((await merged(name, app, script)).join(' ')).toBe(
        '/opt:  /opt/app: x  /opt/host: x'.replace('/opt:  ', '/opt: app host  '),
      );
      expect(kinds(app, { '/opt': { link: target }, ...files })).not.toContain('layout/replaced-directory');
    });

    it('makes the directory if the link leads nowhere', async () => {
      const script = 'rm -rf /opt; ln -s var/nowhere /opt\nmerge\ncat /opt/app/x';
      expect(await merged(name, app, script)).toEqual(['x']);
      expect(kinds(app, { '/opt': { link: 'var/nowhere' } })).not.toContain('layout/replaced-directory');
    });
  },
);
