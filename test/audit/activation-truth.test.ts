import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { ExtensionType } from '../../src/systemd/extension-type.ts';
import { layeredView } from '../../src/view/layers.ts';
import { accounts } from '../lab/activation/accounts.ts';
import { boot, type Booted } from '../lab/activation/boot.ts';
import { type ActivationCase, type Files, text } from '../lab/activation/case.ts';
import { configured } from '../lab/activation/configured.ts';
import { ordered } from '../lab/activation/ordered.ts';
import { administered, bus, read } from '../lab/activation/read.ts';
import { known, startable } from '../lab/activation/startable.ts';
import { loud, reloaded, started, unloaded } from '../lab/activation/started.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-activation-'));
afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

/** Like Flatcar, whose ensure-sysext.service reloads a systemd that does not do so by itself. */
const reloading: Files = {
  '/etc/systemd/system/sysinit.target.wants/ensure.service': { link: '../ensure.service' },
  '/etc/systemd/system/ensure.service': text(`[Unit]
DefaultDependencies=no
After=systemd-sysext.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=systemctl daemon-reload
ExecStart=systemctl restart --no-block timers.target
`),
};

interface Host {
  readonly root: RootName;
  readonly files: Files;
  readonly cases: readonly ActivationCase[];
  readonly type?: ExtensionType;
}

const all = [...started, ...reloaded, ...ordered, ...accounts, ...read];
const hosts: Readonly<Record<string, Host>> = {
  'systemd 257': { root: 'update-trixie', files: administered, cases: all },
  'systemd 252, reloaded': {
    root: 'host-bookworm',
    files: { ...administered, ...reloading },
    cases: all,
  },
  'systemd 257 that nobody tells to reload': {
    root: 'update-trixie',
    files: {},
    cases: [...unloaded, ...bus],
  },
  'systemd 257 and configuration extensions': {
    root: 'update-trixie',
    files: administered,
    // not the bus units: the bus notices that the overlay of /etc, mounted before it started, goes away
    cases: configured(all),
    type: 'confext',
  },
  // several boots, since the layers of one mount are limited
  ...Object.fromEntries(
    startable.flatMap((cases, index) =>
      (['update-trixie', 'host-bookworm'] as const).map((root): [string, Host] => [
        `systemd ${root === 'host-bookworm' ? '252, reloaded,' : '257'} and units that can start or not, ${index + 1}`,
        { root, files: { ...known, ...(root === 'host-bookworm' ? reloading : {}) }, cases },
      ]),
    ),
  ),
  'systemd 252 that nobody tells to reload': {
    root: 'host-bookworm',
    files: {},
    cases: [...unloaded, ...loud],
  },
};

/** Returns the findings on each extension in an audit of all merged extensions. */
function findingsOf(cases: readonly ActivationCase[], root: string, booted: Booted): Map<string, string[]> {
  const trees = cases.map(({ name }) => ({
    name,
    view: directoryView(booted.extension(name), { label: name }),
  }));
  const host = layeredView([directoryView(booted.host), directoryView(root)], 'host');
  const found = new Map(cases.map(({ name }) => [name, new Set<string>()]));
  for (const { kind, extension } of audit(trees, [host]).findings)
    if (kind.startsWith('activation/')) found.get(extension)!.add(kind.slice('activation/'.length));
  return new Map([...found].map(([name, kinds]) => [name, [...kinds].sort()]));
}

describe.runIf(has('root', 'mountNamespace', 'archive', 'tool:systemd-nspawn'))(
  'what is found of activation',
  () => {
    it.concurrent.each(Object.keys(hosts))(
      'names exactly what does not work on a booted host: %s',
      async name => {
        const { root: rootName, files, cases, type = 'sysext' } = hosts[name]!;
        const root = await labRoot(rootName);
        const scratch = path.join(work, name.replaceAll(/\W+/g, '-'));
        const booted = await boot({ root, host: files, cases, type, scratch });
        const merged = findingsOf(cases, root, booted);
        const [ours, theirs] = [new Map<string, unknown>(), new Map<string, unknown>()];
        for (const { name: extension, kind, also = [] } of cases) {
          const fails = !booted.works(extension);
          const expected = [...(fails ? [kind] : []), ...also].sort();
          const said = booted.said(extension);
          ours.set(extension, { fails, said, found: merged.get(extension) });
          theirs.set(extension, { fails, said, found: expected });
        }
        expect(ours).toEqual(theirs);
      },
    );
  },
);
