import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { mergedExtensions } from '../../src/systemd/merged-extensions.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { runInOverlay } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { extension, type Files, host, removeRoots, root, treeView } from './world.ts';

afterAll(removeRoots);
const scratchAt = scratch();
const text = { text: 'x' };

/** Runs a script in which `merge` lays /shared/app over the root with the root's own systemd. */
async function merged(name: 'host-bookworm' | 'host-trixie', app: Files, script: string): Promise<string[]> {
  const [shared, work] = [scratchAt('shared'), scratchAt('work')];
  for (const place of [shared, work]) fs.rmSync(place, { recursive: true, force: true });
  for (const place of [shared, work]) fs.mkdirSync(place, { recursive: true });
  fs.cpSync(root('app', app), join(shared, 'app'), { recursive: true });
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

    it('gives a directory the mode and owner of the topmost layer, except the tops', async () => {
      const cases: readonly (readonly [
        path: string,
        host: string,
        hostOwner: string,
        mode: string,
        owner: string,
      ])[] = [
        ['/usr', '755', '0:0', '700', '0:0'],
        ['/opt', '755', '0:0', '700', '5:6'],
        ['/usr/lib/a', '755', '0:0', '755', '0:0'],
        ['/usr/lib/b', '755', '0:0', '750', '0:0'],
        ['/usr/lib/c', '755', '0:0', '711', '0:0'],
        ['/usr/lib/d', '755', '0:0', '744', '0:0'],
        ['/usr/lib/e', '750', '0:7', '750', '0:0'],
        ['/usr/lib/f', '750', '0:7', '750', '0:7'],
        ['/usr/lib/g', '750', '0:7', '755', '0:0'],
        ['/usr/lib/h', '700', '0:0', '755', '0:0'],
        ['/usr/lib/i', '700', '9:0', '700', '0:0'],
        ['/usr/lib/j', '700', '9:0', '755', '0:0'],
        ['/usr/lib/k', '2775', '0:50', '755', '0:0'],
        ['/usr/lib/l', '755', '0:0', '705', '0:0'],
        ['/usr/lib/m', '755', '0:0', '750', '0:7'],
      ];
      const tops = (path: string) => path.split('/').length === 2;
      const made = cases.filter(([path]) => !tops(path));
      const trees = extension('app', {
        '/opt/app/x': text,
        ...Object.fromEntries(made.map(([path]) => [`${path}/x`, text])),
      });
      const place = (at: string, column: 1 | 3) =>
        cases.map(
          one =>
            `mkdir -p ${at}${one[0]}; chown ${one[column + 1]} ${at}${one[0]}; chmod ${one[column]} ${at}${one[0]}`,
        );
      // root has every permission: a user, a member of group 7 and user 9 ask
      const ask = `ask() { for who in '--reuid 1234 --regid 1234' '--reuid 1234 --regid 7' '--reuid 9 --regid 1234' '--reuid 1234 --regid 0'; do
        setpriv $who --clear-groups sh -c "test -r $1 -a -x $1" && echo yes || echo no; done | tr '\\n' ' '; echo; }`;
      const paths = cases.map(([path]) => path).join(' ');
      const lines = await merged(
        name,
        trees,
        [
          ask,
          ...place('', 1),
          `for path in ${paths}; do ask $path; done`,
          ...place('/shared/app', 3),
          'merge',
          `for path in ${paths}; do ask $path; done`,
        ].join('\n'),
      );
      const [before, after] = [lines.slice(0, cases.length), lines.slice(cases.length)];
      const over = root(
        'modes',
        host(undefined, Object.fromEntries(made.map(([path]) => [path, { directory: true }]))),
      );
      const tree = root('app', trees);
      for (const [path, hostMode, hostOwner, mode, owner] of cases) {
        for (const [at, bits, ids] of [
          [over, hostMode, hostOwner],
          [tree, mode, owner],
        ] as const) {
          fs.mkdirSync(at + path, { recursive: true });
          const [uid, gid] = ids.split(':').map(Number);
          fs.chownSync(at + path, uid!, gid!);
          fs.chmodSync(at + path, parseInt(bits, 8));
        }
      }
      const { findings } = audit([{ name: 'app', view: directoryView(tree) }], [directoryView(over)]);
      const judged = findings.filter(({ kind }) => kind === 'layout/merged-directory');
      const severityOf = (path: string) => judged.find(({ subject }) => subject === path)?.severity;
      const real = cases.map(([path], index) => {
        const [was, is] = [before[index]!.trim().split(' '), after[index]!.trim().split(' ')];
        const lost = was.some((answer, who) => answer === 'yes' && is[who] === 'no');
        const opened = was[0] === 'no' && is[0] === 'yes';
        return [path, lost ? 'error' : opened ? 'warning' : undefined];
      });
      expect(cases.map(([path]) => [path, severityOf(path)])).toEqual(real);
    });

    it('is listed where mergedExtensions looks for it', async () => {
      const script = 'merge\ncat /usr/.systemd-sysext/extensions /opt/.systemd-sysext/extensions';
      const lists = await merged(name, app, script);
      const files = { '/usr/.systemd-sysext/extensions': { text: lists.join('\n') } };
      expect([...mergedExtensions(directoryView(root('live', files)), 'sysext')]).toEqual(['app']);
    });

    it('makes the directory if the link leads nowhere', async () => {
      const script = 'rm -rf /opt; ln -s var/nowhere /opt\nmerge\ncat /opt/app/x';
      expect(await merged(name, app, script)).toEqual(['x']);
      expect(kinds(app, { '/opt': { link: 'var/nowhere' } })).not.toContain('layout/replaced-directory');
    });
  },
);
