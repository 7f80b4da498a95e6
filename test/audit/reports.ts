import {
  extension,
  type Files,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
} from './world.ts';

/** A failure that people reported, rebuilt in small. docs/would-have-caught.md describes each. */
export interface Report {
  readonly name: string;
  /** Extensions by name. */
  readonly extensions: Readonly<Record<string, Files>>;
  /** Files of the host in addition to those of every test host. */
  readonly over: Files;
  /** The expected culprit by kind, and a part of the fix. */
  readonly found: Readonly<Record<string, { readonly culprit: string; readonly fix: RegExp }>>;
  /** The same extensions, after the fix. */
  readonly fixed: Readonly<Record<string, Files>>;
  /** What this machine's loader says about a program in the merged root; absent if no loader is involved. */
  readonly told?: { readonly program: string; readonly says: RegExp };
}

const BOUND = 'ID=debian\nVERSION_ID=13\n';
const bound = (name: string, files: Files) => ({ [name]: extension(name, files, BOUND) });

const libm = (verdef: readonly string[], defines: readonly string[]) =>
  library('libm.so.6', { verdef, defines });
const sqlite = library('libsqlite3.so.0', {
  needed: ['libm.so.6', 'libc.so.6'],
  verneed: { 'libm.so.6': ['GLIBC_2.38'] },
  references: ['fmod@GLIBC_2.38'],
});
const bundling = (runpath: string): Files => ({
  '/usr/bin/app': program({
    interp: PRIVATE_LOADER,
    runpath,
    needed: ['libm.so.6', 'libsqlite3.so.0', 'libc.so.6'],
  }),
  [PRIVATE_LOADER]: openLoader,
  [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
  [`${PRIVATE}/libm.so.6`]: libm(['GLIBC_2.29'], []),
});

const iscsi = {
  '/usr/sbin/iscsid': program({ needed: ['libopeniscsiusr.so.0', 'libc.so.6'] }),
  '/usr/lib64/iscsi/libopeniscsiusr.so.0': library('libopeniscsiusr.so.0'),
};
const iscsiConf = { text: '/usr/lib64/iscsi\n' };

const xkbcommon = (versions: readonly string[]) => ({
  [`${LIB}/libxkbcommon.so.0`]: library('libxkbcommon.so.0', { verdef: versions }),
});
const libc = (verdef: readonly string[]) => ({ [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef }) });

const protobuf = (directory: string, versions: readonly string[]) => ({
  [`${directory}/libproto.so.9`]: library('libproto.so.9', { verdef: versions }),
});
/** The extension whose name sorts first; it was built with the newer library. */
const first = (directory: string, runpath?: string) => ({
  '/usr/bin/first': program({
    needed: ['libproto.so.9', 'libc.so.6'],
    verneed: { 'libproto.so.9': ['PROTO_9.2'] },
    ...(runpath !== undefined && { runpath }),
  }),
  ...protobuf(directory, ['PROTO_9.1', 'PROTO_9.2']),
});
const second = (directory: string) => protobuf(directory, ['PROTO_9.1']);
const apart = {
  ...bound('first', first('/usr/local/first/lib', '/usr/local/first/lib')),
  ...bound('second', second('/usr/local/second/lib')),
};
const lacksProto = (path: string) => ({
  culprit: `PROTO_9.2 of ${path}`,
  fix: /from the same root/,
});

const MODULES = '/usr/lib/modules/6.1.0-32-amd64';
const driver = { [`${MODULES}/extra/driver.ko`]: { text: 'driver' } };
const loadsDriver = {
  '/usr/lib/systemd/system/driver.service': {
    text: `[Service]\nType=oneshot\nExecStart=/usr/sbin/insmod ${MODULES}/extra/driver.ko\n`,
  },
};
const SCHEMAS = '/usr/share/glib-2.0/schemas';
const schema = { [`${SCHEMAS}/org.app.gschema.xml`]: { text: '<schemalist/>' } };
const leftOut = (culprit: string) => ({ 'shadowing/unique-index': { culprit, fix: /Remove it/ } });

export const reports: readonly Report[] = [
  {
    name: 'a bundled libm beside the host’s libsqlite3',
    extensions: { app: extension('app', bundling(`${PRIVATE}:${LIB}`)) },
    over: {
      [`${LIB}/libsqlite3.so.0`]: sqlite,
      [`${LIB}/libm.so.6`]: libm(['GLIBC_2.29', 'GLIBC_2.38'], ['fmod@@GLIBC_2.38']),
    },
    found: {
      'leaks/host-library': { culprit: `${LIB}/libsqlite3.so.0`, fix: /Ship the library/ },
      'missing/symbol-version': { culprit: `GLIBC_2.38 of ${PRIVATE}/libm.so.6`, fix: /from the same root/ },
    },
    fixed: {
      app: extension('app', {
        ...bundling(PRIVATE),
        [`${PRIVATE}/libsqlite3.so.0`]: library('libsqlite3.so.0', { needed: ['libm.so.6', 'libc.so.6'] }),
      }),
    },
    told: { program: '/usr/bin/app', says: /libm\.so\.6: version `GLIBC_2\.38' not found/ },
  },
  {
    name: 'a library in /usr/lib64/iscsi with its ld.so.conf.d file under /usr',
    extensions: bound('app', { ...iscsi, '/usr/lib/ld.so.conf.d/iscsi.conf': iscsiConf }),
    over: {},
    found: {
      'missing/unread-ld-conf': { culprit: '/usr/lib64/iscsi/libopeniscsiusr.so.0', fix: /run path/ },
    },
    fixed: bound('app', {
      ...iscsi,
      '/usr/sbin/iscsid': program({ needed: ['libopeniscsiusr.so.0'], runpath: '/usr/lib64/iscsi' }),
    }),
    told: { program: '/usr/sbin/iscsid', says: /libopeniscsiusr\.so\.0 is missing/ },
  },
  {
    name: 'a library that ldconfig would find, and that the host’s cache does not know',
    extensions: bound('app', iscsi),
    over: {
      '/etc/ld.so.conf': { text: 'include /etc/ld.so.conf.d/*.conf\n' },
      '/etc/ld.so.conf.d/iscsi.conf': iscsiConf,
    },
    found: {
      'missing/not-in-cache': {
        culprit: '/usr/lib64/iscsi/libopeniscsiusr.so.0',
        fix: /default directory/,
      },
    },
    fixed: bound('app', {
      '/usr/sbin/iscsid': iscsi['/usr/sbin/iscsid'],
      [`${LIB}/libopeniscsiusr.so.0`]: library('libopeniscsiusr.so.0'),
    }),
    told: { program: '/usr/sbin/iscsid', says: /libopeniscsiusr\.so\.0 is missing/ },
  },
  {
    name: 'an older libxkbcommon over the host’s',
    extensions: bound('app', xkbcommon(['V_0.5.0'])),
    over: {
      ...xkbcommon(['V_0.5.0', 'V_1.8.0']),
      '/usr/bin/compositor': program({
        needed: ['libxkbcommon.so.0', 'libc.so.6'],
        verneed: { 'libxkbcommon.so.0': ['V_1.8.0'] },
      }),
    },
    found: {
      'shadowing/breaks-host': { culprit: `${LIB}/libxkbcommon.so.0`, fix: /private directory/ },
      'shadowing/host-library': { culprit: `${LIB}/libxkbcommon.so.0`, fix: /private directory/ },
    },
    fixed: bound('app', { '/usr/local/app/lib/libxkbcommon.so.0': library('libxkbcommon.so.0') }),
    told: { program: '/usr/bin/compositor', says: /libxkbcommon\.so\.0: version `V_1\.8\.0' not found/ },
  },
  {
    name: 'a glibc over the host’s',
    extensions: bound('app', libc(['GLIBC_2.2.5'])),
    over: {
      ...libc(['GLIBC_2.2.5', 'GLIBC_2.41']),
      '/usr/lib/systemd/systemd': program({ verneed: { 'libc.so.6': ['GLIBC_2.41'] } }),
    },
    found: {
      'shadowing/host-libc': { culprit: `${LIB}/libc.so.6`, fix: /C library of its own/ },
      'shadowing/breaks-host': { culprit: `${LIB}/libc.so.6`, fix: /leave it out/ },
    },
    fixed: bound('app', { '/usr/local/app/lib/libc.so.6': library('libc.so.6') }),
    told: { program: '/usr/lib/systemd/systemd', says: /libc\.so\.6: version `GLIBC_2\.41' not found/ },
  },
  {
    name: 'one library of two extensions, at one path',
    extensions: { ...bound('first', first(LIB)), ...bound('second', second(LIB)) },
    over: {},
    found: {
      'collisions/path': { culprit: `${LIB}/libproto.so.9`, fix: /its own directory/ },
      'missing/symbol-version': lacksProto(`${LIB}/libproto.so.9`),
    },
    fixed: apart,
    told: { program: '/usr/bin/first', says: /libproto\.so\.9: version `PROTO_9\.2' not found/ },
  },
  {
    name: 'one library of two extensions, in two directories that all loaders search',
    extensions: { ...bound('first', first('/usr/lib')), ...bound('second', second(LIB)) },
    over: {},
    found: {
      'collisions/soname': { culprit: '/usr/lib/libproto.so.9', fix: /private copy/ },
      'missing/symbol-version': lacksProto(`${LIB}/libproto.so.9`),
    },
    fixed: apart,
    told: { program: '/usr/bin/first', says: /libproto\.so\.9: version `PROTO_9\.2' not found/ },
  },
  {
    name: 'a modules.dep over the host’s',
    extensions: bound('app', { ...driver, [`${MODULES}/modules.dep`]: { text: 'extra/driver.ko:\n' } }),
    over: {
      [`${MODULES}/kernel/fs/ext4.ko`]: { text: 'ext4' },
      [`${MODULES}/modules.dep`]: { text: 'kernel/fs/ext4.ko:\n' },
      '/usr/sbin/insmod': { text: '', mode: 0o755 },
    },
    found: leftOut(`${MODULES}/modules.dep`),
    fixed: {
      app: extension('app', { ...driver, ...loadsDriver }, `${BOUND}EXTENSION_RELOAD_MANAGER=1\n`),
    },
  },
  {
    name: 'a gschemas.compiled over the host’s',
    extensions: bound('app', { ...schema, [`${SCHEMAS}/gschemas.compiled`]: { text: 'one schema' } }),
    over: { [`${SCHEMAS}/gschemas.compiled`]: { text: 'all schemas of the desktop' } },
    found: leftOut(`${SCHEMAS}/gschemas.compiled`),
    fixed: bound('app', schema),
  },
];
