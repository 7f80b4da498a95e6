import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { expectProfileHolds, profileOf, recordingView } from './recording-view.ts';
import {
  auditOf,
  extension,
  type Files,
  host,
  library,
  program,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

const text = (...lines: readonly string[]) => ({ text: `${lines.join('\n')}\n` });

/** An extension with files that make nearly every check read from the host. */
const curious: Files = extension('curious', {
  '/usr/bin/curious': program({ needed: ['libc.so.6', 'libpam.so.0', 'libabsent.so.1'] }),
  '/usr/lib/x86_64-linux-gnu/libpam.so.0': library('libpam.so.0'),
  '/usr/lib/curious/script': { text: '#!/usr/bin/env python3\n', mode: 0o755 },
  '/usr/lib/ld.so.conf.d/curious.conf': text('/usr/lib/curious'),
  '/usr/lib/sysusers.d/curious.conf': text('u curious -'),
  '/usr/lib/tmpfiles.d/curious.conf': text('d /var/lib/curious - curious'),
  '/usr/lib/sysctl.d/curious.conf': text('net.ipv4.ip_forward = 1'),
  '/usr/lib/modules-load.d/curious.conf': text('zfs'),
  '/usr/lib/udev/rules.d/99-curious.rules': text('ACTION=="add"'),
  '/usr/share/dbus-1/system.d/curious.conf': text('<busconfig/>'),
  '/usr/lib/systemd/system-preset/50-curious.preset': text('enable curious.service'),
  '/usr/lib/systemd/system/curious.service': text(
    '[Unit]',
    'After=network.target',
    '[Service]',
    'User=curious',
    'ExecStart=/usr/bin/curious',
    '[Install]',
    'WantedBy=multi-user.target',
  ),
  '/usr/lib/systemd/system/multi-user.target.wants/curious.service': { link: '../curious.service' },
});

const unit = (...lines: readonly string[]) =>
  text('[Unit]', ...lines, '[Service]', 'ExecStart=/usr/bin/true');
const early = unit('DefaultDependencies=no', 'Before=sysinit.target', 'After=fsck.socket early.service');

describe('a profile contains every file that a check reads', () => {
  it.each<[string, Files]>([
    [
      'of sockets and of other units whose names contain “.so”',
      {
        '/usr/lib/systemd/system/fsck.socket': text('[Unit]', 'DefaultDependencies=no', '[Socket]'),
        '/usr/lib/systemd/system/fsck.service': unit('After=basic.target'),
        '/usr/lib/systemd/system/a.solver.service': unit('After=fsck.socket'),
        '/usr/lib/systemd/system/systemd-sysusers.service': early,
      },
    ],
    [
      'of units that are links to files elsewhere, as “systemctl link” makes them',
      {
        '/etc/systemd/system/early.service': { link: '/opt/early/early.service' },
        '/opt/early/early.service': early,
        '/usr/lib/systemd/system/systemd-sysusers.service': early,
      },
    ],
    [
      'of configuration that is a link to a file elsewhere, as authselect makes it',
      {
        '/etc/nsswitch.conf': { link: '/etc/authselect/nsswitch.conf' },
        '/etc/authselect/nsswitch.conf': text('passwd: files sss'),
        '/etc/passwd': { link: '../usr/share/base-passwd/passwd.master' },
        '/usr/share/base-passwd/passwd.master': text('root:x:0:0::/root:/bin/sh'),
      },
    ],
    [
      'of accounts, however many there are',
      {
        '/etc/passwd': text(
          ...Array.from({ length: 40_000 }, (_, id) => `user${id}:x:${id}:${id}::/:/bin/sh`),
        ),
      },
    ],
    ['below /usr/local', { '/usr/local/lib/systemd/system/early.service': early }],
  ])('%s', (_, files) => {
    const found = auditOf({ extensions: { curious }, hosts: { debian: host(undefined, files) } });
    expect(found.findings.length).toBeGreaterThan(5);
  });

  it('of a root whose /lib is not a link', () => {
    const { '/lib': _, ...files } = host();
    const split = { ...files, '/lib/systemd/system/systemd-sysusers.service': early };
    const { findings } = auditOf({ extensions: { curious }, hosts: { split } });
    expect(findings.length).toBeGreaterThan(5);
  });

  it.runIf(has('archive')).each(['host-bookworm', 'host-trixie', 'split-bookworm'] as const)(
    'of the real root %s',
    { timeout: 300_000 },
    async name => {
      const real = directoryView(await labRoot(name));
      const trees = [{ name: 'curious', view: treeView(root('curious', curious), 'curious') }];
      const recording = recordingView(real);
      const profile = profileOf(real);
      expect(audit(trees, [recording.view]).findings).toEqual(audit(trees, [profile]).findings);
      expect(recording.opened.size).toBeGreaterThan(name === 'split-bookworm' ? 5 : 50);
      expectProfileHolds(profile, real, recording);
    },
  );
});
