import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { audit, type Audit } from '../../src/audit/audit.ts';
import type { WrappedTree } from '../../src/audit/wrapped.ts';
import { directoryView } from '../../src/view/directory.ts';
import {
  auditOf,
  brief,
  extension,
  type Files,
  host,
  hostLoader,
  INTERPRETER,
  LIB,
  library,
  program,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

const wrapped: WrappedTree = {
  prefix: '/usr/local/app',
  entries: ['/usr/bin/app', '/usr/bin/other'],
  needs: [
    { program: '/bin/sh', of: undefined, floor: undefined },
    { program: '/usr/bin/unshare', of: 'util-linux', floor: '2.36' },
  ],
  shown: [
    { at: '/', from: '/' },
    { at: '/usr', from: '/usr/local/app/usr' },
  ],
  passesVariables: false,
};

const STAGED = '/usr/local/app';

/** A staged program that would load libraries of the host, and lack one, if the host's loader started it. */
const tree = extension('app', {
  '/usr/bin/app': { text: '#!/bin/sh\n' },
  [`${STAGED}/usr/bin/app`]: program({ needed: ['libnone.so.1', 'libc.so.6'] }),
  [`${STAGED}/usr/lib64/ld-linux-x86-64.so.2`]: hostLoader,
  [`${STAGED}${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.36'] }),
  [`${STAGED}${LIB}/libnone.so.1`]: library('libnone.so.1'),
});

function found(hostFiles: Files, is: WrappedTree | undefined, files: Files = tree) {
  const directory = root('app', files);
  fs.chmodSync(`${directory}/usr/bin/app`, 0o755);
  const views = [directoryView(root('host', hostFiles), { label: 'host' })];
  return audit([{ name: 'app', view: treeView(directory, 'app'), wrapped: is }], views).findings;
}

const merged: Files = { '/bin': { link: 'usr/bin' } };
const unshare = (version: string): Files => ({ '/usr/bin/unshare': program({ data: `\0${version}\0` }) });
const on = (files: Files) => host(undefined, { ...merged, ...files });

describe('a wrapped tree', () => {
  it('is not judged by what the host’s loader would do with its staged root', () => {
    expect(brief(found(on(unshare('util-linux 2.41')), undefined))).toContain(
      'error missing/library libnone.so.1',
    );
    expect(brief(found(on(unshare('util-linux 2.41')), wrapped))).toEqual([]);
  });

  it('has units that start if the staged root has what they need', () => {
    const service = (command: string) => ({
      ...tree,
      '/usr/lib/systemd/system/app.service': {
        text: `[Service]\nExecStart=${command}\nRootDirectory=/usr/local/app\n`,
      },
    });
    const starts = (command: string) =>
      brief(found(on(unshare('util-linux 2.41')), wrapped, service(command))).filter(line =>
        line.includes('cannot-start'),
      );
    expect(starts('/usr/bin/app')).toEqual([]);
    expect(starts('/usr/bin/none')).toEqual(['warning activation/cannot-start /usr/bin/none']);
  });

  it.each([
    ['which does not exist', {}],
    ['which is not the one of util-linux', unshare('BusyBox v1.37')],
    ['which is util-linux 2.31.1, but 2.36 is required', unshare('util-linux 2.31.1')],
  ])('is reported for a program of the host %s', (lack, files) => {
    expect(found(on(files), wrapped)).toMatchObject([
      {
        kind: 'missing/host-program',
        culprit: '/usr/bin/unshare',
        subject: '/usr/bin/app',
        alsoIn: ['/usr/bin/other'],
        message: `its wrappers call /usr/bin/unshare, ${lack}`,
      },
    ]);
  });
});

const without = (files: Files, ...paths: readonly string[]): Files =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));

/** A manifest like that of `flix vendor --mode flatwrap`. */
function manifest(form: 'overmount' | 'chroot', mounts: readonly { from: string; to: string }[]): Files {
  const text = JSON.stringify({
    schema: 'flix.manifest/1',
    flix: '0.1.0',
    name: 'app',
    prefix: STAGED,
    mode: 'flatwrap',
    entries: ['/usr/bin/app'],
    open: [],
    remarks: [],
    files: [],
    view: { form, needs: [], mounts: mounts.map(mount => ({ ...mount, kind: 'rbind' })) },
  });
  return { [`${STAGED}/manifest.json`]: { text } };
}

/** The files that the first generation of scripts adds to a staged root. */
const firstGeneration = (own: readonly string[], ofHost: readonly string[]): Files => {
  const at = (directory: string) => `\${FLATWRAP_ROOT-}${STAGED}/mount-dir/${directory}`;
  const bind = (from: string, directory: string) =>
    `mkdir -p ${at(directory)} && mount --rbind ${from} ${at(directory)} && `;
  const commands = [
    ...own.map(directory => bind(`\${FLATWRAP_ROOT-}${STAGED}/${directory}`, directory)),
    ...ofHost.map(directory => bind(directory, directory)),
  ].join('');
  return {
    '/usr/bin/app': {
      text: `#!/bin/sh\nexec unshare -m "\${FLATWRAP_ROOT-}${STAGED}/unshare-helper" "/usr/bin/app" "$@"\n`,
      mode: 0o755,
    },
    [`${STAGED}/mount-dir`]: { directory: true },
    [`${STAGED}/unshare-helper`]: {
      text: `#!/bin/sh\nmount -t tmpfs tmpfs ${at('')} && ${commands}exec unshare --root ${at('')} --wd "\${PWD}" "$@"\n`,
      mode: 0o755,
    },
  };
};

const OVERMOUNT = manifest('overmount', [{ from: `${STAGED}/usr`, to: '/usr' }]);
const CHROOT = {
  ...manifest('chroot', [
    { from: STAGED, to: STAGED },
    { from: '/etc', to: `${STAGED}/etc` },
    { from: '/opt', to: `${STAGED}/opt` },
  ]),
  [`${STAGED}/lib64`]: { link: 'usr/lib64' },
  [`${STAGED}/opt`]: { directory: true },
} satisfies Files;
const FIRST = {
  ...firstGeneration(['/lib64', '/usr'], ['/etc', '/opt']),
  [`${STAGED}/lib64`]: { link: 'usr/lib64' },
} satisfies Files;

describe.each([
  ['over the /usr of the host', OVERMOUNT],
  ['in a chroot', CHROOT],
  ['as the first generation ran it', FIRST],
])('a program that is wrapped to run %s', (_, files) => {
  const staged: Files = { ...tree, ...files };
  const helpers: Files = Object.fromEntries(
    ['unshare', 'mount', 'mkdir', 'id'].map(name => [
      `/usr/bin/${name}`,
      program({ data: '\0util-linux 2.41\0' }),
    ]),
  );
  const opened = new Set(['leaks/open-variables']);
  const inside = (extensionFiles: Files, hostFiles: Files = {}): Audit =>
    auditOf({
      extensions: { app: extensionFiles },
      hosts: {
        trixie: host(undefined, { ...merged, ...helpers, '/opt': { directory: true }, ...hostFiles }),
      },
    });
  const foundIn = (...given: Parameters<typeof inside>) =>
    inside(...given).findings.filter(({ kind }) => !opened.has(kind));

  it('is counted and loads the libraries of its staged root', () => {
    const audited = inside(staged);
    expect(brief(audited.findings)).toEqual([]);
    expect(audited.extensions).toMatchObject([{ programs: 1, objects: 3 }]);
  });

  it('lacks a library that only the host has', () => {
    const lacking = without(staged, `${STAGED}${LIB}/libnone.so.1`);
    expect(foundIn(lacking, { [`${LIB}/libnone.so.1`]: library('libnone.so.1') })).toMatchObject([
      {
        severity: 'error',
        kind: 'missing/library',
        subject: `${STAGED}/usr/bin/app`,
        culprit: 'libnone.so.1',
        message: expect.stringMatching(/^in the view of its wrappers, libnone\.so\.1 is missing/) as string,
        fix: expect.stringContaining('--mode flatwrap --include PATH') as string,
      },
    ]);
  });

  it('lacks its loader or a version of its own libc, whatever the host has', () => {
    const interpreter = without(staged, `${STAGED}/usr/lib64/ld-linux-x86-64.so.2`);
    expect(brief(foundIn(interpreter))).toContain(`error missing/interpreter ${INTERPRETER}`);
    const needs = program({ needed: ['libc.so.6'], verneed: { 'libc.so.6': ['GLIBC_2.99'] } });
    const newer = { ...staged, [`${STAGED}/usr/bin/app`]: needs };
    const newLibc = { [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.99'] }) };
    expect(brief(foundIn(newer, newLibc))).toEqual([
      `error missing/symbol-version GLIBC_2.99 of ${LIB}/libc.so.6`,
    ]);
  });

  it('lacks a library that a note requires, and an executable stack for a plugin', () => {
    const dlopenNote = JSON.stringify([{ soname: ['libx.so.1'], priority: 'required' }]);
    const plugin = `${STAGED}/usr/lib/app/plugin.so`;
    const opening = {
      ...staged,
      [`${STAGED}/usr/bin/app`]: program({ dlopenNote }),
      [plugin]: library('plugin.so', { stack: 'executable' }),
    };
    const libx = { [`${LIB}/libx.so.1`]: library('libx.so.1') };
    expect(brief(foundIn(opening, libx))).toEqual([
      'error missing/opened-library libx.so.1',
      `warning missing/executable-stack ${plugin}`,
    ]);
    const brought = { ...opening, [`${STAGED}${LIB}/libx.so.1`]: library('libx.so.1') };
    expect(brief(foundIn(brought))).toEqual([`warning missing/executable-stack ${plugin}`]);
  });

  it('loads a library of the host from a directory that the view shows', () => {
    const app = program({ needed: ['libhost.so.1', 'libc.so.6'], runpath: '/opt/lib' });
    const leaking = foundIn(
      { ...staged, [`${STAGED}/usr/bin/app`]: app },
      { '/opt/lib/libhost.so.1': library('libhost.so.1') },
    );
    expect(brief(leaking)).toEqual(['error leaks/host-library /opt/lib/libhost.so.1']);
  });

  it('is judged without a host, too', () => {
    const over = (extensionFiles: Files) =>
      brief(
        auditOf({ extensions: { app: extensionFiles } }).findings.filter(({ kind }) => !opened.has(kind)),
      );
    expect(over(staged)).toEqual([]);
    expect(over(without(staged, `${STAGED}${LIB}/libnone.so.1`))).toEqual([
      'error missing/library libnone.so.1',
    ]);
  });
});

describe('the first generation of wrappers', () => {
  const staged: Files = { ...tree, ...FIRST };
  const findingsOf = (files: Files, hostFiles: Files = {}) =>
    auditOf({ extensions: { app: files }, hosts: { trixie: host(undefined, { ...merged, ...hostFiles }) } })
      .findings;

  it('passes LD_PRELOAD and its kin on, with a warning', () => {
    expect(findingsOf(staged).filter(({ kind }) => kind === 'leaks/open-variables')).toMatchObject([
      {
        severity: 'warning',
        subject: `${STAGED}/usr/bin/app`,
        fix: expect.stringContaining('drop') as string,
      },
    ]);
  });

  it('needs programs of the host', () => {
    expect(brief(findingsOf(staged)).filter(line => line.includes('host-program'))).toEqual(
      ['unshare', 'id', 'mkdir', 'mount'].map(name => `error missing/host-program /usr/bin/${name}`),
    );
  });

  it('does not wrap an entry that is a link, which the host’s loader starts', () => {
    const past: Files = { ...staged, '/usr/bin/past': { link: `${STAGED}/usr/bin/app` } };
    const kinds = findingsOf(past).filter(({ subject }) => subject === `${STAGED}/usr/bin/app`);
    expect(brief(kinds)).toEqual(
      expect.arrayContaining([
        'error missing/library libnone.so.1',
        `error leaks/host-interpreter ${INTERPRETER}`,
      ]),
    );
  });
});
