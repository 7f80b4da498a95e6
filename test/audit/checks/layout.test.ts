import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  type Files,
  host,
  LIB,
  library,
  program,
  removeRoots,
  root,
} from '../world.ts';
import { has } from '../../lab/requires.ts';
import { audit } from '../../../src/audit/audit.ts';
import { directoryView } from '../../../src/view/directory.ts';

afterAll(removeRoots);

const text = { text: '' };
const findings = (files: Files, over: Files = {}) =>
  auditOf({ extensions: { app: extension('app', files) }, hosts: { debian: host(undefined, over) } })
    .findings;
const found = (kind: string, files: Files, over: Files = {}) => briefOf(findings(files, over), kind);

describe('layout/replaced-directory', () => {
  const kind = 'layout/replaced-directory';
  const merged = { '/usr/sbin': { link: 'bin' } };

  it('reports a directory over a link of the host', () => {
    expect(found(kind, { '/usr/sbin/app': program() }, merged)).toEqual([`error ${kind} /usr/sbin`]);
    const ostree = {
      '/usr/local': { link: '../var/usrlocal' },
      '/var/usrlocal': { directory: true },
    } as const;
    const local = findings({ '/usr/local/app/lib/x': text }, ostree).find(one => one.kind === kind);
    expect(local).toMatchObject({ culprit: '/usr/local' });
    expect(local!.fix).toContain('--prefix');
  });

  it('reports a link or file over a directory of the host', () => {
    expect(found(kind, { '/usr/lib64': { link: 'lib' } })).toEqual([`error ${kind} /usr/lib64`]);
    expect(found(kind, { '/usr/share/doc': text }, { '/usr/share/doc': { directory: true } })).toEqual([
      `warning ${kind} /usr/share/doc`,
    ]);
  });

  it('accepts a directory over a directory, a link over a link, and a new directory', () => {
    expect(found(kind, { '/usr/bin/app': program() }, merged)).toEqual([]);
    expect(found(kind, { '/usr/sbin': { link: 'bin' } }, merged)).toEqual([]);
    expect(found(kind, { '/usr/local/app/lib/x': text })).toEqual([]);
  });
});

describe('layout/merged-directory', () => {
  const kind = 'layout/merged-directory';
  const directory = (mode: number) => ({ directory: true, mode }) as const;

  it('reports a directory that locks users out of that of the host', () => {
    expect(found(kind, { '/usr/bin': directory(0o700), '/usr/lib': directory(0o750) })).toEqual([
      `error ${kind} /usr/bin`,
      `error ${kind} /usr/lib`,
    ]);
    const finding = findings({ '/usr/bin': directory(0o711) }).find(one => one.kind === kind);
    expect(finding!.message).toContain('no user but root');
    expect(finding!.fix).toBe('Run chmod 755 usr/bin in the tree.');
  });

  it('reports a directory that opens that of the host', () => {
    const over = { '/usr/share/secrets': directory(0o700) };
    expect(found(kind, { '/usr/share/secrets/x': text }, over)).toEqual([
      `warning ${kind} /usr/share/secrets`,
    ]);
    expect(found(kind, { '/usr/share/secrets': directory(0o700) }, over)).toEqual([]);
  });

  it('accepts other modes of own directories, of the tops, and where only write permission differs', () => {
    expect(found(kind, { '/usr': directory(0o700), '/opt': directory(0o700) })).toEqual([]);
    expect(found(kind, { '/usr/lib/app': directory(0o700) })).toEqual([]);
    expect(found(kind, { '/usr/local': directory(0o755) }, { '/usr/local': directory(0o2775) })).toEqual([]);
  });

  it('judges only the topmost layer', () => {
    const narrow = { '/usr/bin': directory(0o700) };
    const wide = { '/usr/bin': directory(0o755) };
    const judged = (a: Files, b: Files) =>
      briefOf(
        auditOf({ extensions: { a: extension('a', a), b: extension('b', b) }, hosts: { debian: host() } })
          .findings,
        kind,
      );
    expect(judged(narrow, wide)).toEqual([]);
    expect(judged(wide, narrow)).toEqual([`error ${kind} /usr/bin`]);
  });

  it('knows directories that every host has', () => {
    const files = { '/usr/bin': directory(0o700), '/usr/lib/app': directory(0o700) };
    expect(briefOf(auditOf({ extensions: { app: extension('app', files) } }).findings, kind)).toEqual([
      `error ${kind} /usr/bin`,
    ]);
  });

  it.runIf(has('root'))('reports another owner', () => {
    const place = root('foreign', extension('app', { '/usr/share/app': directory(0o755) }));
    const over = root(
      'over',
      host(undefined, { '/usr/share/app': directory(0o755), '/usr/share/x': directory(0o750) }),
    );
    fs.chownSync(join(place, 'usr/share/app'), 5, 6);
    const judged = () =>
      briefOf(audit([{ name: 'app', view: directoryView(place) }], [directoryView(over)]).findings, kind);
    expect(judged()).toEqual([`error ${kind} /usr/share/app`]);
    // a group of the host that loses its access
    fs.mkdirSync(join(place, 'usr/share/x'), { mode: 0o750 });
    fs.chownSync(join(over, 'usr/share/x'), 0, 7);
    expect(judged()).toEqual([`error ${kind} /usr/share/app`, `error ${kind} /usr/share/x`]);
  });
});

describe('a host whose /opt is a link, as on ostree systems', () => {
  const over = {
    '/opt': { link: 'var/opt' },
    '/var/opt/vendor/lib/libvendor.so.1': library('libvendor.so.1'),
    '/var/opt/vendor/run': program({ needed: ['libvendor.so.1'], runpath: '/opt/vendor/lib' }),
  } as const;

  it('is not replaced, and its programs find the files at both paths', () => {
    expect(brief(findings({ '/opt/cni/bin/bridge': text }, over))).toEqual([]);
    const shadowed = { '/opt/vendor/lib/libvendor.so.1': library('libvendor.so.1', { verdef: ['V2'] }) };
    expect(found('shadowing/host-library', shadowed, over)).toEqual([
      `warning shadowing/host-library ${Object.keys(shadowed)[0]}`,
    ]);
  });

  it('gets the directory from systemd if the link leads nowhere', () => {
    expect(brief(findings({ '/opt/cni/bin/bridge': text }, { '/opt': { link: 'var/opt' } }))).toEqual([]);
  });

  it('may have it below /usr', () => {
    const below = { '/opt': { link: 'usr/opt' }, '/usr/opt/vendor/x': text } as const;
    expect(brief(findings({ '/opt/cni/bin/bridge': text }, below))).toEqual([]);
  });
});

describe('layout/hidden-mount', () => {
  const kind = 'layout/hidden-mount';
  const fstab = { '/etc/fstab': { text: '# a comment\n/dev/sda2 /opt/data ext4 defaults 0 2\n' } };
  const systemd = (version: number) => ({ [`/usr/lib/systemd/libsystemd-shared-${version}.so`]: text });
  const unit = (more = '') => ({
    '/usr/lib/systemd/system/usr-local.mount': {
      text: `[Unit]\n${more}[Mount]\nWhat=/dev/x\nWhere=/usr/local\n`,
    },
  });

  it('reports a mount of the host below a merged hierarchy', () => {
    expect(found(kind, { '/opt/app/x': text }, fstab)).toEqual([`error ${kind} /opt/data`]);
    expect(found(kind, { '/opt/app/x': text }, { ...fstab, ...systemd(252) })).toHaveLength(1);
    expect(found(kind, {}, unit())).toEqual([`error ${kind} /usr/local`]);
  });

  it('accepts a mount in another hierarchy, with a newer systemd, after the merge, and elsewhere', () => {
    expect(found(kind, { '/usr/share/x': text }, fstab)).toEqual([]);
    expect(found(kind, { '/opt/app/x': text }, { ...fstab, ...systemd(257) })).toEqual([]);
    expect(found(kind, {}, unit('After=systemd-sysext.service\n'))).toEqual([]);
    expect(found(kind, {}, { '/etc/fstab': { text: '/dev/sda2 /srv ext4\n/dev/sda1 /usr ext4\n' } })).toEqual(
      [],
    );
  });
});

describe('layout/outside', () => {
  it('reports a file in a directory that is not merged', () => {
    const files = { '/etc/app/app.conf': text, '/bin': { link: 'usr/bin' } };
    expect(found('layout/outside', files).sort()).toEqual([
      'warning layout/outside /bin',
      'warning layout/outside /etc',
    ]);
  });

  it('accepts an empty directory', () => {
    expect(found('layout/outside', { '/proc': { directory: true }, '/opt/app/x': text })).toEqual([]);
  });
});

describe('layout/dangling-link', () => {
  const kind = 'layout/dangling-link';

  it('reports a link to what neither extension nor host has, and a loop', () => {
    expect(found(kind, { '/usr/bin/vim': { link: '/etc/alternatives/vim' } })).toEqual([
      `warning ${kind} /etc/alternatives/vim`,
    ]);
    expect(found(kind, { '/usr/lib/a': { link: 'b' } })).toEqual([`warning ${kind} /usr/lib/b`]);
    expect(found(kind, { '/usr/lib/a': { link: 'b' }, '/usr/lib/b': { link: 'a' } })).toHaveLength(2);
  });

  it('accepts a link to the host, and to what exists at run time', () => {
    const alternatives = { '/etc/alternatives/vim': { link: '/usr/bin/sh' } };
    expect(found(kind, { '/usr/bin/vim': { link: '/etc/alternatives/vim' } }, alternatives)).toEqual([]);
    expect(found(kind, { '/usr/lib/app/run': { link: '../../../run/app' } })).toEqual([]);
  });

  it('accepts a link to what lines of tmpfiles.d create, but not to what is beside that', () => {
    const lines = 'd /etc/ssl/certs 0755 root root -\nC /etc/ssl/openssl.cnf - - - - /usr/share/factory/x\n';
    const files = {
      '/usr/lib/tmpfiles.d/app.conf': { text: lines },
      '/usr/share/factory/x': text,
      '/usr/lib/ssl/certs': { link: '/etc/ssl/certs' },
      '/usr/lib/ssl/openssl.cnf': { link: '/etc/ssl/openssl.cnf' },
      '/usr/lib/ssl/cert.pem': { link: '/etc/ssl/certs/ca-certificates.crt' },
    };
    expect(found(kind, files)).toEqual([`warning ${kind} /etc/ssl/certs/ca-certificates.crt`]);
  });
});

describe('layout/absolute-link', () => {
  it('reports an absolute link to a file of the extension', () => {
    const files = { '/usr/bin/app': { link: '/usr/lib/app/app' }, '/usr/lib/app/app': program() };
    expect(found('layout/absolute-link', files)).toEqual(['info layout/absolute-link /usr/bin']);
  });

  it('accepts a relative link, and a link to the host', () => {
    const files = { '/usr/bin/app': { link: '../lib/app/app' }, '/usr/lib/app/app': program() };
    expect(found('layout/absolute-link', files)).toEqual([]);
    expect(found('layout/absolute-link', { '/usr/bin/app': { link: '/usr/bin/sh' } })).toEqual([]);
  });
});

describe('layout/name', () => {
  it('reports a twin in another case, and a control character', () => {
    const over = { '/usr/lib/systemd/system/x.service': text };
    expect(found('layout/name', { '/usr/lib/Systemd/x': text }, over)).toEqual([
      'warning layout/name /usr/lib/Systemd',
    ]);
    expect(found('layout/name', { '/usr/share/a\nb': text })).toEqual([
      'warning layout/name /usr/share/a\nb',
    ]);
  });

  it('accepts a name that both have, one deep in data, and a file', () => {
    const deep = { '/usr/share/terminfo/E/x': text, '/usr/share/SH': text };
    expect(found('layout/name', deep, { '/usr/share/terminfo/e/x': text, '/usr/share/sh': text })).toEqual(
      [],
    );
    expect(
      found('layout/name', { '/usr/lib/Q/x': text }, { '/usr/lib/Q/y': text, '/usr/lib/q/y': text }),
    ).toEqual([]);
  });
});

describe('modes', () => {
  it('layout/setuid reports a file with the bit', () => {
    expect(found('layout/setuid', { '/usr/bin/su': { text: '', mode: 0o4755 } })).toEqual([
      'warning layout/setuid /usr/bin/su',
    ]);
    expect(found('layout/setuid', { '/usr/bin/su': { text: '', mode: 0o1755 } })).toEqual([]);
  });

  it('layout/world-writable reports a file with the bit', () => {
    expect(found('layout/world-writable', { '/usr/share/x': { text: '', mode: 0o666 } })).toEqual([
      'warning layout/world-writable /usr/share/x',
    ]);
    const near = { '/usr/share/x': { text: '', mode: 0o664 }, '/usr/share/y': { link: 'x' } };
    expect(found('layout/world-writable', near)).toEqual([]);
  });

  it('layout/special-file reports a FIFO', () => {
    expect(found('layout/special-file', { '/usr/lib/app/fifo': { fifo: true } })).toEqual([
      'warning layout/special-file /usr/lib/app/fifo',
    ]);
    expect(found('layout/special-file', { '/usr/lib/app/fifo': text })).toEqual([]);
  });

  it.runIf(has('root'))('layout/owner reports files of other users, once for each user', () => {
    const place = root(
      'app',
      extension('app', { '/usr/share/a': text, '/usr/share/b': text, '/usr/share/c': text }),
    );
    fs.chownSync(join(place, 'usr/share/a'), 1000, 1000);
    fs.chownSync(join(place, 'usr/share/b'), 1000, 1000);
    const all = audit([{ name: 'app', view: directoryView(place, { label: 'app' }) }], []).findings;
    expect(briefOf(all, 'layout/owner')).toEqual(['warning layout/owner 1000:1000']);
    expect(all.find(({ kind }) => kind === 'layout/owner')).toMatchObject({ alsoIn: ['/usr/share/b'] });
  });
});

describe('layout/secret', () => {
  const key = { text: '-----BEGIN RSA PRIVATE KEY-----\nMII\n' };

  it('reports a private key and a password', () => {
    const files = {
      '/usr/share/app/server.key': key,
      '/usr/lib/app/.npmrc': { text: '//registry/:_authToken=abc\n' },
      '/usr/share/app/shadow': { text: 'root:$y$abc:1:\n' },
    };
    expect(found('layout/secret', files).sort()).toEqual([
      'error layout/secret /usr/lib/app/.npmrc',
      'error layout/secret /usr/share/app/server.key',
      'error layout/secret /usr/share/app/shadow',
    ]);
  });

  it('accepts a certificate, a public key, and a credentials file without a password', () => {
    const files = {
      '/usr/share/app/ca.pem': { text: '-----BEGIN CERTIFICATE-----\nMII\n' },
      '/usr/share/app/id_rsa.pub': { text: 'ssh-rsa AAAA\n' },
      '/usr/share/app/README': key,
      '/usr/lib/app/.npmrc': { text: '//registry/:_authToken=${TOKEN}\n' },
      '/usr/share/app/shadow': { text: 'root:*:1:\n' },
    };
    expect(found('layout/secret', files)).toEqual([]);
  });
});

describe('layout/capability', () => {
  const kind = 'layout/capability';
  const low = (bits: number) => {
    const attribute = Buffer.alloc(20);
    attribute.writeUInt32LE(0x02000001, 0);
    attribute.writeUInt32LE(bits, 4);
    return attribute;
  };
  const high = Buffer.concat([low(0).subarray(0, 12), Buffer.from([0x80, 0, 0, 0x80, 0, 0, 0, 0])]);
  const given = (attribute: Buffer | undefined, files: Files = { '/usr/bin/app': text }) => {
    const attributes = new Map(
      attribute ? [['/usr/bin/app', new Map([['security.capability', attribute]])]] : [],
    );
    const tree = { name: 'app', view: directoryView(root('app', extension('app', files))), attributes };
    return audit([tree], []).findings.flatMap(one => (one.kind === kind ? one.capabilities : []));
  };

  it('reports a file that grants privileges to everyone who runs it', () => {
    expect(given(low(1 | (1 << 13)))).toEqual(['cap_chown', 'cap_net_raw']);
    expect(given(high)).toEqual(['cap_bpf', 'capability 63']);
  });

  it('accepts an empty set, an entry that is not a file, and attributes that could not be read', () => {
    expect(given(low(0))).toEqual([]);
    expect(given(low(1).subarray(0, 5))).toEqual([]);
    expect(given(low(1), { '/usr/bin/app': { link: 'other' } })).toEqual([]);
    expect(given(undefined)).toEqual([]);
    expect(found(kind, { '/usr/bin/app': text })).toEqual([]);
  });
});

describe('layout/opaque-directory', () => {
  const kind = 'layout/opaque-directory';
  const share = { '/usr/share/x/own': text };
  const audited = (files: Files, marks: Readonly<Record<string, string>>, over: Files = {}) => {
    const attributes = new Map(
      Object.entries(marks).map(([path, value]) => [
        path,
        new Map([['trusted.overlay.opaque', Buffer.from(value)]]),
      ]),
    );
    const tree = { name: 'app', view: directoryView(root('app', extension('app', files))), attributes };
    return audit([tree], [directoryView(root('debian', host(undefined, over)), { label: 'debian' })])
      .findings;
  };
  const opaque = (...of: Parameters<typeof audited>) => briefOf(audited(...of), kind);

  it('is an error if the host has something in the directory, which the merged view then lacks', () => {
    const low = { '/usr/share/x/low': text };
    expect(opaque(share, { '/usr/share/x': 'y' }, low)).toEqual([`error ${kind} /usr/share/x`]);
    // the loader runs in the merged view
    const loads = { '/usr/bin/app': program({ needed: ['libc.so.6'] }), [`${LIB}/app/x`]: text };
    expect(briefOf(audited(loads, {}), 'missing/library')).toEqual([]);
    expect(briefOf(audited(loads, { [LIB]: 'y' }), 'missing/library')).toEqual([
      'error missing/library libc.so.6',
    ]);
  });

  it('breaks what the host loads from there', () => {
    const over = {
      '/usr/bin/tool': program({ needed: ['libtool.so.1'] }),
      [`${LIB}/libtool.so.1`]: library('libtool.so.1'),
    };
    const files = { [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5', 'GLIBC_2.36'] }) };
    const broken = audited(files, { [LIB]: 'y' }, over).find(
      finding => finding.kind === 'shadowing/breaks-host',
    );
    expect(broken).toMatchObject({ broken: ['/usr/bin/tool'], culprit: LIB, extension: 'app' });
    expect(briefOf(audited(files, {}, over), 'shadowing/breaks-host')).toEqual([]);
  });

  it('is a warning if nothing is hidden yet', () => {
    expect(opaque(share, { '/usr/share/x': 'y' })).toEqual([`warning ${kind} /usr/share/x`]);
  });

  it('accepts another value, a directory that is not merged, and the root of a hierarchy', () => {
    const low = { '/usr/share/x/low': text };
    expect(opaque(share, { '/usr/share/x': 'x' }, low)).toEqual([]);
    expect(opaque({ '/etc/x/own': text }, { '/etc/x': 'y' }, { '/etc/x/low': text })).toEqual([]);
    expect(opaque(share, { '/usr': 'y' }, low)).toEqual([]);
    expect(opaque(share, {}, low)).toEqual([]);
  });
});
