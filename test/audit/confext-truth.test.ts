import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { runMerged } from '../lab/overlay.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { type Files, library, removeRoots, root } from './world.ts';

afterAll(removeRoots);
const at = scratch();

const confext = (name: string, files: Files): Files => ({
  [`/etc/extension-release.d/extension-release.${name}`]: { text: 'ID=_any\n' },
  ...files,
});

/** Lists the files that their mode allows to run, but their mount does not. */
const REFUSED = `
find /etc -type f -perm /111 | while read -r file; do [ -x "$file" ] || echo "$file"; done | sort
`;

describe.runIf(has('root', 'chroot', 'mountNamespace', 'archive'))('a configuration extension', () => {
  const host = async () => {
    for (const name of ['shared', 'work']) fs.mkdirSync(at(name), { recursive: true });
    return { root: await labRoot('host-trixie'), shared: at('shared'), work: at('work') };
  };
  const place = (name: string, files: Files) =>
    fs.cpSync(root(name, files), path.join(at('shared'), name), { recursive: true });

  it('makes exactly the files that layout/no-exec names impossible to run', async () => {
    const lab = await host();
    const hook = { text: '#!/bin/sh\n', mode: 0o755 };
    const files = confext('hooks', {
      '/etc/cron.daily/hook': hook,
      '/etc/cron.d/table': { text: '# none\n' },
      '/etc/hooks/libhook.so': library('libhook.so'),
    });
    place('hooks', files);
    const tree = { name: 'hooks', view: directoryView(root('hooks', files), { label: 'hooks' }) };
    const found = audit([tree], [directoryView(lab.root)]).findings.filter(
      ({ kind }) => kind === 'layout/no-exec',
    );
    const named = found.flatMap(({ subject, alsoIn }) => [subject, ...alsoIn]).sort();
    const asked = await runMerged(lab, ['hooks'], REFUSED, { tool: 'systemd-confext' });
    expect(named).toEqual(asked.stdout.split('\n'));
    expect(named).toContain('/etc/cron.daily/dpkg');
    const allowed = await runMerged(lab, ['hooks'], REFUSED, {
      tool: 'systemd-confext',
      options: '--noexec=no',
    });
    expect(allowed).toMatchObject({ stdout: '', status: 0 });
  });

  it('is not merged as an image with an os-release, but is merged as a directory', async () => {
    const lab = await host();
    const system = { '/usr/lib/os-release': { text: 'ID=debian\n' } };
    const files = confext('system', { ...system, '/etc/system': { text: '' } });
    place('system', files);
    place('other', confext('other', { '/etc/other': { text: '' } }));
    await execa('mkfs.erofs', [at('shared/system.raw'), root('system', files)]);
    const seen = async (image: string) =>
      (
        await runMerged(lab, [image, 'other'], 'ls -d /etc/system /etc/other || :', {
          tool: 'systemd-confext',
        })
      ).stdout.split('\n');
    expect(await seen('system')).toEqual(['/etc/other', '/etc/system']);
    expect(await seen('system.raw')).toEqual(['/etc/other']);
  });
});
