import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import { directoryView } from '../../src/view/directory.ts';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  type Files,
  host,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
  root,
} from './world.ts';

afterAll(removeRoots);

const RELEASE = '/etc/extension-release.d/extension-release.conf';
const SERVICE = '/usr/lib/systemd/system/systemd-confext.service';
const MANAGER = '/usr/lib/systemd/libsystemd-shared-257.so';
const app = { '/etc/app.conf': { text: 'level=9\n' } };

const confext = (files: Files, release = 'ID=_any\n'): Files => ({ [RELEASE]: { text: release }, ...files });
const debian = (files: Files = {}, release?: string) => host(release, files);
const audited = (files: Files, over = debian()) =>
  auditOf({ extensions: { conf: files }, hosts: { debian: over } }).findings;

describe('a configuration extension', () => {
  it('is merged into /etc without a finding', () => {
    expect(brief(audited(confext(app)))).toEqual([]);
    expect(brief(auditOf({ extensions: { conf: confext(app) } }).findings)).toEqual([]);
  });

  it('may replace files of the host, but not the accounts', () => {
    const over = debian({ '/etc/app.conf': { text: 'level=1\n' }, '/etc/passwd': { text: 'root:x:0:0\n' } });
    expect(brief(audited(confext(app), over))).toEqual(['info shadowing/host-file /etc']);
    const accounts = { '/etc/passwd': { text: 'app:x:1:1\n' } };
    expect(brief(audited(confext(accounts), over))).toEqual(['error shadowing/unique-index /etc/passwd']);
    const same = { '/etc/app.conf': { text: 'level=1\n' } };
    expect(brief(audited(confext(same), over))).toEqual([]);
  });

  it('is judged by its own keys and its own directory', () => {
    const ignored = (release: string, over?: Files) =>
      audited(confext(app, release), over).filter(({ kind }) => kind === 'metadata/silently-ignored');
    expect(ignored('ID=_any\nSYSEXT_SCOPE=initrd\n')).toEqual([]);
    expect(ignored('ID=_any\nCONFEXT_SCOPE=initrd\n')).toMatchObject([
      { subject: RELEASE, culprit: 'scope', fix: expect.stringContaining('CONFEXT_SCOPE=') as unknown },
    ]);
    const levelled = debian({}, 'ID=debian\nVERSION_ID=13\nCONFEXT_LEVEL=2\n');
    expect(ignored('ID=debian\nCONFEXT_LEVEL=2\n', levelled)).toEqual([]);
    expect(ignored('ID=debian\nCONFEXT_LEVEL=1\n', levelled)).toMatchObject([{ culprit: 'level' }]);
    expect(ignored('ID=debian\nSYSEXT_LEVEL=2\n', levelled)).toMatchObject([{ culprit: 'no-version' }]);
  });

  it('needs a release file of its name in /etc', () => {
    const other = { '/etc/extension-release.d/extension-release.other': { text: 'ID=_any\n' }, ...app };
    expect(audited(other)).toMatchObject([
      { culprit: 'release-file', fix: expect.stringContaining(RELEASE) as unknown },
    ]);
    expect(audited(app)).toMatchObject([{ subject: RELEASE, culprit: 'release-file' }]);
  });

  it('is not supported by systemd before 254', () => {
    const old = (version: number) =>
      debian({
        [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: library(`libsystemd-shared-${version}.so`),
      });
    expect(briefOf(audited(confext(app), old(252)), 'metadata/silently-ignored')).toEqual([
      'error metadata/silently-ignored no-confext',
    ]);
    expect(brief(audited(confext(app), old(254)))).toEqual([]);
  });

  it('cannot ship files below /usr', () => {
    const files = confext({ ...app, '/usr/bin/app': program() });
    expect(brief(audited(files))).toEqual(['warning layout/outside /usr']);
  });

  it('counts as a system extension with an unmerged directory if it has both release files', () => {
    const both = { ...extension('conf', {}), ...confext(app) };
    expect(briefOf(audited(both), 'layout/outside')).toEqual(['warning layout/outside /etc']);
  });

  it('collides with another one of its type', () => {
    const other: Files = {
      '/etc/extension-release.d/extension-release.other': { text: 'ID=_any\n' },
      '/etc/app.conf': { text: 'level=3\n' },
    };
    const { findings } = auditOf({ extensions: { conf: confext(app), other }, hosts: { debian: debian() } });
    expect(findings).toMatchObject([{ kind: 'collisions/path', extension: 'conf', winner: 'other' }]);
  });

  it('changes what loaders find, by the files that they read', () => {
    const hook = `${LIB}/libhook.so`;
    const own = { [PRIVATE_LOADER]: openLoader, [`${PRIVATE}/libc.so.6`]: library('libc.so.6') };
    const { findings } = auditOf({
      extensions: {
        conf: confext({ '/etc/ld.so.preload': { text: `${hook}\n` } }),
        app: extension('app', { ...own, '/usr/bin/app': program({ interp: PRIVATE_LOADER }) }),
      },
      hosts: { debian: debian({ [hook]: library('libhook.so') }) },
    });
    expect(brief(findings)).toEqual([`error leaks/host-library ${hook}`]);
  });
});

describe('layout/no-exec', () => {
  const hook = { text: '#!/bin/sh\n', mode: 0o755 };
  const found = (files: Files, over?: Files) => briefOf(audited(files, over), 'layout/no-exec');

  it('reports a hook and a library of a configuration extension', () => {
    expect(found(confext({ '/etc/cron.daily/app': hook }))).toEqual([
      'warning layout/no-exec /etc/cron.daily',
    ]);
    expect(found(confext({ '/etc/app/libapp.so': library('libapp.so') }))).toEqual([
      'warning layout/no-exec /etc/app',
    ]);
    expect(found(confext({ '/etc/cron.d/app': { text: '@daily root app\n' } }))).toEqual([]);
  });

  it('reports a hook of the host that cannot run while one is merged', () => {
    const over = debian({ '/etc/cron.daily/dpkg': hook });
    expect(found(confext(app), over)).toEqual(['warning layout/no-exec noexec']);
    const { findings } = auditOf({
      extensions: { app: extension('app', {}) },
      hosts: { debian: over },
    });
    expect(briefOf(findings, 'layout/no-exec')).toEqual([]);
  });

  it('accepts a host that merges with --noexec=no', () => {
    const unit = '[Service]\nExecStart=systemd-confext refresh --noexec=no\n';
    const over = debian({
      '/etc/cron.daily/dpkg': hook,
      [SERVICE]: { text: unit },
      [MANAGER]: library('libsystemd-shared-257.so'),
    });
    expect(found(confext({ '/etc/cron.daily/app': hook }), over)).toEqual([]);
  });
});

it('hides a mount below /etc from an older systemd', () => {
  const over = (version: number) =>
    debian({
      '/etc/fstab': { text: '/dev/sdb /etc/keys ext4 defaults 0 0\n/dev/sdc /opt/data ext4 defaults 0 0\n' },
      [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: library(`libsystemd-shared-${version}.so`),
    });
  const found = (version: number) => briefOf(audited(confext(app), over(version)), 'layout/hidden-mount');
  expect(found(256)).toEqual(['error layout/hidden-mount /etc/keys']);
  expect(found(257)).toEqual([]);
});

it('is subject to the policy of the service that merges it', () => {
  const image = {
    path: 'conf.raw',
    protection: 'unprotected',
    hasRootHash: false,
    signer: undefined,
    partitions: ['root'],
    labelled: false,
  } as const;
  const view = directoryView(root('conf', confext(app)), { label: 'conf' });
  const refused = (service: string) => {
    const command = 'ExecStart=merge --image-policy=root=signed+absent';
    const unit = { [`/usr/lib/systemd/system/${service}`]: { text: `[Service]\n${command}\n` } };
    const over = directoryView(root('debian', debian(unit)), { label: 'debian' });
    return briefOf(audit([{ name: 'conf', view, image }], [over]).findings, 'trust/refused');
  };
  expect(refused('systemd-confext.service')).toHaveLength(1);
  expect(refused('systemd-sysext.service')).toEqual([]);
});

describe('a unit of a configuration extension', () => {
  const unit = (text: string) => ({
    '/etc/systemd/system/app.service': { text: `[Unit]\n${text}[Service]\nExecStart=/usr/bin/sh\n` },
  });
  const found = (kind: string, files: Files, release?: string) =>
    briefOf(audited(confext(files, release)), kind);

  it('must not be ordered before the service that merges it', () => {
    expect(found('activation/cycle', unit('Before=systemd-confext.service\n'))).toHaveLength(1);
    expect(found('activation/cycle', unit('Before=systemd-sysext.service\n'))).toEqual([]);
  });

  it('is known if its own merge makes systemd reload', () => {
    expect(found('activation/no-reload', unit(''))).toHaveLength(1);
    expect(found('activation/no-reload', unit(''), 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n')).toEqual([]);
    const { findings } = auditOf({
      extensions: {
        conf: confext(unit('')),
        app: extension('app', {}, 'ID=_any\nEXTENSION_RELOAD_MANAGER=1\n'),
      },
      hosts: { debian: debian() },
    });
    expect(briefOf(findings, 'activation/no-reload')).toHaveLength(1);
  });
});
