import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import type { ImageFacts } from '../../src/systemd/image-policy.ts';
import { type Attributes, LABEL } from '../../src/view/attributes.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { expectProfileHolds, profileOf, recordingView } from './recording-view.ts';
import { extension, type Files, host, removeRoots, root, treeView } from './world.ts';

afterAll(removeRoots);
const at = scratch();

const context = (type: string) => `system_u:object_r:${type}:s0`;

/** Type of the directory in the image (`undefined`: no label), that of the policy, and what the audit says. */
const CASES: Readonly<
  Record<string, readonly [string | undefined, string, 'error' | 'warning' | undefined]>
> = {
  '/usr/lib/same': ['lib_t', 'lib_t', undefined],
  '/usr/lib/none': [undefined, 'lib_t', 'error'],
  '/usr/lib/unlabeled': ['unlabeled_t', 'lib_t', 'error'],
  '/usr/lib/home': ['user_home_t', 'lib_t', 'error'],
  '/usr/lib/container': ['container_file_t', 'systemd_unit_file_t', 'error'],
  '/usr/lib/near': ['usr_t', 'lib_t', 'warning'],
  '/usr/lib/shut': ['bin_t', 'shadow_t', 'error'],
};
const NEW = '/usr/lib/new';

const policy = Object.entries(CASES).map(([name, [, type]]) => `${name} -d ${context(type)}\n`);
const selinux = (mode: string): Files => ({
  '/etc/selinux/config': { text: `SELINUX=${mode}\nSELINUXTYPE=targeted\n` },
  '/etc/selinux/targeted/contexts/files/file_contexts': {
    text: `/usr(/.*)? ${context('usr_t')}\n/usr/lib -d ${context('lib_t')}\n${policy.join('')}`,
  },
});
const directories = (paths: readonly string[]): Files =>
  Object.fromEntries(paths.map(name => [`${name}/x`, { text: name }]));
const app = extension('app', directories([...Object.keys(CASES), NEW]));
const onHost = (mode: string) => host(undefined, { ...selinux(mode), ...directories(Object.keys(CASES)) });

const image: ImageFacts = {
  path: 'app.raw',
  protection: 'unprotected',
  hasRootHash: false,
  signer: undefined,
  partitions: ['root'],
  labelled: true,
};

/** The severity of each directory of which the audit says that its label changes; `labels` are those of the image. */
function judged(
  labels: ReadonlyMap<string, string>,
  { mode = 'enforcing', packed = true } = {},
): Map<string, string> {
  const attributes: Attributes = new Map(
    [...labels].map(([name, label]) => [name, new Map([[LABEL, Buffer.from(`${label}\0`)]])]),
  );
  const tree = {
    name: 'app',
    view: treeView(root('app', app), 'app'),
    ...(packed ? { image } : {}),
    attributes,
  };
  const view = directoryView(root('host', onHost(mode)), { label: 'host' });
  const { findings } = audit([tree], [view]);
  const recording = recordingView(view);
  const profile = profileOf(view);
  expect(audit([tree], [profile]).findings).toEqual(findings);
  expect(audit([tree], [recording.view]).findings).toEqual(findings);
  expectProfileHolds(profile, view, recording);
  const found = findings.filter(({ kind }) => kind === 'labels/merged-directory');
  return new Map(
    found.flatMap(({ severity, subject, alsoIn }) =>
      [subject, ...alsoIn].map((name): [string, string] => [name, severity]),
    ),
  );
}

const labels = new Map(
  Object.entries(CASES).flatMap(([name, [type]]): [string, string][] =>
    type === undefined ? [] : [[name, context(type)]],
  ),
);
const merged = new Map([
  ['/usr/lib', context('lib_t')],
  ['/usr/lib/extension-release.d', context('usr_t')],
]);

describe('labels/merged-directory', () => {
  it('reports each directory of the host that loses its label, by what that means', () => {
    const wrong = Object.entries(CASES).flatMap(([name, [, , severity]]) =>
      severity === undefined ? [] : [[name, severity]],
    );
    expect(Object.fromEntries(judged(new Map([...labels, ...merged])))).toEqual(Object.fromEntries(wrong));
    expect(judged(labels).get('/usr/lib')).toBe('error');
  });

  it('warns of a tree that has labels, since packing may change them', () => {
    const found = judged(new Map([...labels, ...merged]), { packed: false });
    expect([found.get('/usr/lib/home'), found.get('/usr/lib/same')]).toEqual(['warning', undefined]);
    expect([...judged(new Map(), { packed: false })]).toEqual([]);
  });

  it('reports nothing if the host does not enforce the policy', () => {
    expect([...judged(labels, { mode: 'permissive' })]).toEqual([]);
    expect([...judged(labels, { mode: 'disabled' })]).toEqual([]);
  });

  it.runIf(has('root', 'mountNamespace', 'trustedAttributes', 'tool:setfattr', 'tool:getfattr'))(
    'says what an overlay of the kernel shows',
    () => {
      const [lower, upper] = [at('host'), at('app')];
      const label = (file: string, value: string) => execaSync('setfattr', ['-n', LABEL, '-v', value, file]);
      for (const [place, files] of [
        [lower, onHost('enforcing')],
        [upper, app],
      ] as const)
        fs.cpSync(root(path.basename(place), files), place, { recursive: true, verbatimSymlinks: true });
      for (const [name, [, type]] of Object.entries(CASES)) label(lower + name, context(type));
      for (const [name, value] of labels) label(upper + name, value);
      fs.mkdirSync(at('merged'));
      const script = [
        `mount -t tmpfs flix-test ${at('merged')}`,
        // systemd-sysext uses no upper layer either
        `mount -t overlay flix-test -o ro,lowerdir=${upper}/usr:${lower}/usr ${at('merged')}`,
        `cd ${at('merged')}/lib && getfattr -h -m '^${LABEL}$' -d *`,
      ].join('\n');
      const { stdout } = execaSync('unshare', ['--mount', 'sh', '-euc', script]);
      const shown = new Map(
        [...stdout.matchAll(/^# file: (.*)\nsecurity\.selinux="(.*)"$/gm)].map(([, name, value]) => [
          `/usr/lib/${name}`,
          value!,
        ]),
      );
      for (const [name, [type]] of Object.entries(CASES))
        expect([name, shown.get(name)]).toEqual([name, type && context(type)]);
      const found = judged(new Map([...shown, ...merged]));
      for (const [name, [, wanted]] of Object.entries(CASES))
        expect([name, found.has(name)]).toEqual([name, shown.get(name) !== context(wanted)]);
    },
  );
});
