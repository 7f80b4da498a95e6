import { createHash, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import { execaSync } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../../src/audit/audit.ts';
import type { ImageFacts } from '../../../src/systemd/image-policy.ts';
import type { Promises, UnreadableManifest } from '../../../src/audit/promises.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { decodeProfile, encodeProfile } from '../../../src/view/profile/profile.ts';
import { profileView } from '../../../src/view/profile/profile-view.ts';
import { snapshot } from '../../../src/view/profile/snapshot.ts';
import { scratch } from '../../io/scratch.ts';
import { runInOverlay } from '../../lab/overlay.ts';
import { has } from '../../lab/requires.ts';
import { labRoot } from '../../lab/roots.ts';
import {
  briefOf,
  extension,
  type Files,
  host,
  openLoader,
  PRIVATE_LOADER,
  program,
  removeRoots,
  root,
} from '../world.ts';

afterAll(removeRoots);
const at = scratch();

const plain: ImageFacts = {
  path: 'app.raw',
  protection: 'unprotected',
  hasRootHash: false,
  signer: undefined,
  partitions: ['root'],
  labelled: false,
};
const findings = ({
  files = {},
  over = {},
  ...more
}: {
  files?: Files;
  over?: Files;
  image?: ImageFacts;
  promises?: Promises;
  unreadableManifests?: readonly UnreadableManifest[];
}) => {
  const view = directoryView(root('app', extension('app', files)), { label: 'app' });
  const trees = [{ name: 'app', view, ...more }];
  const onHost = directoryView(root('debian', host(undefined, over)), { label: 'debian' });
  const profile = profileView(decodeProfile(encodeProfile(snapshot(onHost)), 'debian'));
  const { findings: all } = audit(trees, [onHost]);
  expect(audit(trees, [profile]).findings).toEqual(all);
  return all;
};
const found = (kind: string, image: Partial<ImageFacts>, over: Files = {}) =>
  briefOf(findings({ image: { ...plain, ...image }, over }), kind);

const sysext = (policy: string) => ({
  '/usr/lib/systemd/system/systemd-sysext.service': { text: '[Service]\nExecStart=systemd-sysext merge\n' },
  '/etc/systemd/system/systemd-sysext.service.d/policy.conf': {
    text: `[Service]\nExecStart=\nExecStart=systemd-sysext merge --image-policy=${policy}\n`,
  },
});
const SIGNED_ONLY = 'root=signed+absent:usr=signed+absent';

describe('metadata/unmountable', () => {
  const systemd = (version: number) => ({
    [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: { text: '' },
  });
  const kernel = (release: string) => ({ [`/usr/lib/modules/${release}/modules.order`]: { text: '' } });
  const kind = 'metadata/unmountable';

  it('reports partitions that systemd refuses', () => {
    expect(found(kind, { refusal: { why: 'it has none' } })).toEqual([`error ${kind} it has none`]);
  });

  it('reports what only newer versions of systemd refuse where there is one', () => {
    const refusal = { why: 'it mixes architectures', since: 253 };
    expect(found(kind, { refusal }, systemd(252))).toEqual([]);
    for (const over of [systemd(257), {}])
      expect(found(kind, { refusal }, over)).toEqual([`error ${kind} it mixes architectures`]);
  });

  it('reports large sectors where systemd is too old for them', () => {
    expect(found(kind, { sectorSize: 4096 }, systemd(252))).toEqual([`error ${kind} sector size`]);
    expect(found(kind, { sectorSize: 4096 }, systemd(257))).toEqual([]);
    expect(found(kind, { sectorSize: 512 }, systemd(252))).toEqual([]);
  });

  it('reports a feature that the kernel of the host lacks', () => {
    const features = [{ what: 'fragments', linux: '6.1' }];
    expect(found(kind, { features }, kernel('5.15.0-100-generic'))).toEqual([`error ${kind} fragments`]);
    for (const release of ['6.1.0-18-amd64', '6.12.48'])
      expect(found(kind, { features }, kernel(release))).toEqual([]);
    expect(found(kind, { features })).toEqual([]);
  });

  it('asks the newest kernel of the host', () => {
    const features = [{ what: 'zstd compression', linux: '6.10' }];
    expect(found(kind, { features }, { ...kernel('6.9.7'), ...kernel('6.10.1') })).toEqual([]);
  });

  it('reports a feature that no kernel has, on every host', () => {
    const features = [{ what: 'LZMA compression', linux: undefined }];
    expect(found(kind, { features })).toEqual([`error ${kind} LZMA compression`]);
    expect(found(kind, { features }, kernel('6.12.48'))).toEqual([`error ${kind} LZMA compression`]);
  });
});

describe('trust/refused', () => {
  it('reports an image that the host’s policy rejects', () => {
    const error = [`error trust/refused ${SIGNED_ONLY}`];
    expect(found('trust/refused', {}, sysext(SIGNED_ONLY))).toEqual(error);
    expect(found('trust/refused', { protection: 'verity' }, sysext(SIGNED_ONLY))).toEqual(error);
    expect(found('trust/refused', {}, sysext('root=verity'))).toEqual(['error trust/refused root=verity']);
  });

  it('accepts sufficient protection, and a host without a policy', () => {
    expect(found('trust/refused', { protection: 'signed' }, sysext(SIGNED_ONLY))).toEqual([]);
    expect(found('trust/refused', { protection: 'signed' }, sysext('root=verity'))).toEqual([]);
    expect(found('trust/refused', {}, sysext('usr=signed:=open'))).toEqual([]);
    expect(found('trust/refused', {})).toEqual([]);
  });
});

describe('trust/unguarded-verity', () => {
  it('reports a hash tree whose root hash nothing states', () => {
    expect(found('trust/unguarded-verity', { protection: 'verity' })).toEqual([
      'warning trust/unguarded-verity verity',
    ]);
    expect(found('trust/unguarded-verity', { protection: 'verity', hasRootHash: true })).toEqual([]);
    expect(found('trust/unguarded-verity', { protection: 'signed' })).toEqual([]);
    expect(found('trust/unguarded-verity', {})).toEqual([]);
  });
});

/** A host with a release of systemd and one configuration file. */
const configured = (version: number, file: string, text: string) => ({
  [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: { text: '' },
  [file]: { text },
});
const DEMANDED = `[SysExt]\nImagePolicy=${SIGNED_ONLY}\n`;

describe('the image policy of a host', () => {
  const refused = (over: Files, image: Partial<ImageFacts> = {}) =>
    found('trust/refused', image, over).length > 0;

  it.each([
    '/etc/systemd/sysext.conf',
    '/usr/lib/systemd/sysext.conf',
    '/usr/lib/systemd/sysext.conf.d/p.conf',
  ])('comes from %s since systemd 259', file => {
    expect(refused(configured(259, file, DEMANDED))).toBe(true);
    expect(refused(configured(258, file, DEMANDED))).toBe(false);
    expect(refused(configured(262, file, DEMANDED), { protection: 'signed' })).toBe(false);
  });

  it('comes from the main file with the highest precedence, then from drop-ins, then from the command line', () => {
    const open = '[SysExt]\nImagePolicy=*\n';
    const main = configured(259, '/usr/lib/systemd/sysext.conf', DEMANDED);
    expect(refused({ ...main, '/etc/systemd/sysext.conf': { text: open } })).toBe(false);
    expect(refused({ ...main, '/etc/systemd/sysext.conf': { link: '/dev/null' } })).toBe(false);
    expect(refused({ ...main, '/etc/systemd/sysext.conf.d/a.conf': { text: open } })).toBe(false);
    expect(
      refused({ ...main, '/etc/systemd/sysext.conf.d/a.conf': { text: '[SysExt]\nImagePolicy=\n' } }),
    ).toBe(false);
    expect(
      refused({
        ...main,
        '/etc/systemd/sysext.conf.d/a.conf': { text: open },
        '/usr/lib/systemd/sysext.conf.d/b.conf': { text: DEMANDED },
      }),
    ).toBe(true);
    expect(
      refused({
        ...configured(259, '/etc/systemd/sysext.conf.d/a.conf', open),
        '/usr/lib/systemd/sysext.conf.d/a.conf': { text: DEMANDED },
      }),
    ).toBe(false);
    expect(refused({ ...main, ...sysext('=open') })).toBe(false);
  });

  it('does not come from what systemd cannot parse, or from the file of the other type', () => {
    for (const text of [
      '[SysExt]\nImagePolicy=root=bogus\n',
      '[SysExt]\nImagePolicy=disk=signed\n',
      '[SysExt]\nImagePolicy=root=signed:root=verity\n',
      `ImagePolicy=${SIGNED_ONLY}\n`,
      `[ConfExt]\nImagePolicy=${SIGNED_ONLY}\n`,
    ])
      expect([text, refused(configured(259, '/etc/systemd/sysext.conf', text))]).toEqual([text, false]);
    expect(refused(configured(259, '/etc/systemd/confext.conf', DEMANDED))).toBe(false);
  });
});

/** What systemd-sysext 257 does with a bare erofs, whose data is the root partition. */
const POLICIES: Readonly<Record<string, boolean>> = {
  'root=open': true,
  'usr=verity': false,
  'usr=open': false,
  '-': false,
  '~': false,
  '*': true,
  'root=unprotected': true,
  'root=verity': false,
  'root=unused': false,
  'root=absent': false,
  '=open': true,
  'usr=signed:=open': true,
  'root=encrypted': false,
  'root=': true,
  'root=unprotected+absent:=ignore': true,
};

describe.runIf(has('root', 'chroot', 'mountNamespace', 'archive', 'tool:mkfs.erofs'))(
  'systemd-sysext',
  () => {
    it('accepts and rejects by these policies what the audit accepts and rejects', async () => {
      for (const name of ['shared', 'work']) fs.mkdirSync(at(name), { recursive: true });
      execaSync('mkfs.erofs', [
        at('shared/app.raw'),
        root('app', extension('app', { '/usr/share/mark': { text: '' } })),
      ]);
      const script = Object.keys(POLICIES).map(
        policy => `systemd-sysext merge --image-policy='${policy}' >&2 && echo yes || echo no
systemd-sysext unmerge >&2`,
      );
      const { stdout } = await runInOverlay(
        { root: await labRoot('host-trixie'), work: at('work'), shared: at('shared') },
        [
          'sh',
          '-c',
          ['mkdir -p /var/lib/extensions', 'cp /shared/app.raw /var/lib/extensions', ...script].join('\n'),
        ],
      );
      const policies = Object.keys(POLICIES);
      const real = Object.fromEntries(stdout.split('\n').map((answer, i) => [policies[i], answer === 'yes']));
      const ours = policies.map(policy => [policy, found('trust/refused', {}, sysext(policy)).length === 0]);
      expect(real).toEqual(POLICIES);
      expect(Object.fromEntries(ours)).toEqual(POLICIES);
    });
  },
);

describe('trust/no-policy', () => {
  it('reports a signature that the host does not require', () => {
    expect(found('trust/no-policy', { protection: 'signed' })).toEqual(['info trust/no-policy image-policy']);
    expect(found('trust/no-policy', { protection: 'signed' }, sysext('root=verity'))).toHaveLength(1);
    expect(found('trust/no-policy', { protection: 'signed' }, sysext(SIGNED_ONLY))).toEqual([]);
    expect(found('trust/no-policy', {})).toEqual([]);
  });
});

describe.runIf(has('tool:openssl'))('trust/unknown-key', () => {
  it('reports a certificate that the host does not trust', () => {
    fs.mkdirSync(at(), { recursive: true });
    const [key, certificate] = [at('key.pem'), at('certificate.pem')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test'];
    execaSync('openssl', [...request, '-keyout', key, '-out', certificate]);
    const text = fs.readFileSync(certificate, 'utf8');
    const signer = createHash('sha256').update(new X509Certificate(text).raw).digest('hex');
    const image = { protection: 'signed', signer } as const;
    expect(found('trust/unknown-key', image)).toEqual([`error trust/unknown-key ${signer}`]);
    expect(found('trust/unknown-key', image, { '/etc/verity.d/a.pem': { text } })).toHaveLength(1);
    const known = { '/etc/verity.d/torn.crt': { text: 'no' }, '/etc/verity.d/a.crt': { text } };
    expect(found('trust/unknown-key', image, known)).toEqual([]);
  });
});

describe('labels/unlabelled', () => {
  const selinux = (mode: string) => ({ '/etc/selinux/config': { text: `# SELINUX=\nSELINUX=${mode}\n` } });

  it('reports an image without labels for a host that enforces SELinux', () => {
    expect(found('labels/unlabelled', {}, selinux('enforcing'))).toEqual([
      'error labels/unlabelled /etc/selinux/config',
    ]);
    expect(found('labels/unlabelled', { labelled: true }, selinux('enforcing'))).toEqual([]);
    expect(found('labels/unlabelled', {}, selinux('permissive'))).toEqual([]);
    expect(found('labels/unlabelled', {})).toEqual([]);
  });
});

describe('promises', () => {
  const text = 'content';
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = { '/usr/share/a': { text }, '/usr/share/b': { link: 'a' } };
  const promised: Promises = {
    manifest: '/usr/local/app/manifest.json',
    files: [
      { path: '/usr/share/a', sha256, link: undefined },
      { path: '/usr/share/b', sha256: undefined, link: 'a' },
    ],
    openedNames: [],
    disabledUnits: [],
    sealed: [],
  };
  const changed = (now: Files) =>
    briefOf(findings({ files: now, promises: promised }), 'promises/changed-file');

  it('promises/changed-file reports a missing file, a changed link and changed content', () => {
    expect(changed({ ...files, '/usr/share/a': { text: 'Content' } })).toEqual([
      'error promises/changed-file /usr/share/a',
    ]);
    expect(changed({ '/usr/share/a': { text }, '/usr/share/b': { link: './a' } })).toEqual([
      'error promises/changed-file /usr/share/b',
    ]);
    expect(changed({ '/usr/share/a': { text } })).toHaveLength(1);
    expect(changed({ ...files, '/usr/share/c': { text } })).toEqual([]);
  });

  it('promises/unreadable-manifest reports a damaged manifest, and warns of one from a newer flix', () => {
    const manifest = '/usr/local/app/manifest.json';
    const unreadable = (flaw: UnreadableManifest['flaw']) =>
      briefOf(
        findings({ unreadableManifests: [{ manifest, flaw, because: 'is so' }] }),
        'promises/unreadable-manifest',
      );
    expect(unreadable('no JSON')).toEqual([`error promises/unreadable-manifest ${manifest}`]);
    expect(unreadable('wrong member')).toEqual([`error promises/unreadable-manifest ${manifest}`]);
    expect(unreadable('newer schema')).toEqual([`warning promises/unreadable-manifest ${manifest}`]);
    expect(briefOf(findings({ promises: promised }), 'promises/unreadable-manifest')).toEqual([]);
  });

  it('promises/unsealed-loader reports a loader that honours what the manifest does not list', () => {
    const bundle = {
      '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: [] }),
      [PRIVATE_LOADER]: openLoader,
    };
    const unsealed = (open: readonly string[]) =>
      briefOf(
        findings({
          files: bundle,
          promises: { ...promised, files: [], sealed: [{ loader: PRIVATE_LOADER, open }] },
        }),
        'promises/unsealed-loader',
      );
    expect(unsealed([])).toEqual([`error promises/unsealed-loader ${PRIVATE_LOADER}`]);
    const all = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT', '/etc/ld.so.cache', '/etc/ld.so.preload'];
    expect(unsealed(all)).toEqual([]);
    expect(unsealed(all.slice(1))).toHaveLength(1);
  });
});
