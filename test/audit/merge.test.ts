import { afterAll, describe, expect, it } from 'vitest';
import { readExtension } from '../../src/audit/extension.ts';
import { hostOf, merge } from '../../src/audit/merge.ts';
import { directoryView } from '../../src/view/directory.ts';
import {
  auditOf,
  brief,
  extension,
  host,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  library,
  removeRoots,
  root,
  treeView,
} from './world.ts';

afterAll(removeRoots);

describe('merge', () => {
  const text = (content: string) => ({
    '/usr/share/shared': { text: content },
    [`/etc/${content}`]: { text: content },
  });
  const trees = ['app-10', 'app-9'].map(name => ({
    name,
    view: treeView(root(name, extension(name, text(name))), name),
  }));
  const merged = merge(
    trees.map(readExtension),
    hostOf(directoryView(root('debian', host(undefined, text('host'))))),
  );

  it('puts the last extension in version order on top', () => {
    expect(merged.providerOf('/usr/share/shared')).toEqual({
      kind: 'extension',
      name: 'app-10',
      type: 'sysext',
    });
    expect(merged.providerOf('/usr/bin/sh').kind).toBe('host');
  });

  it('merges only /usr and /opt of an extension', () => {
    expect([...merged.view.list('/etc').keys()]).toEqual(['host']);
  });
});

describe('audit', () => {
  const whole = {
    '/usr/bin/app': program({ interp: PRIVATE_LOADER }),
    [PRIVATE_LOADER]: openLoader,
    [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
  };

  it('reports what a private loader leaves open, once for each loader', () => {
    const { findings } = auditOf({
      extensions: { app: extension('app', { ...whole, '/usr/bin/b': program({ interp: PRIVATE_LOADER }) }) },
    });
    expect(findings).toMatchObject([
      {
        kind: 'leaks/open-variables',
        severity: 'warning',
        culprit: PRIVATE_LOADER,
        alsoIn: ['/usr/bin/b'],
        open: ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT', '/etc/ld.so.cache', '/etc/ld.so.preload'],
      },
    ]);
  });

  it('turns what the manifest documents into a note', () => {
    const { findings } = auditOf(
      { extensions: { app: extension('app', whole) } },
      { isDocumented: ({ kind }) => kind === 'leaks/open-variables' },
    );
    expect(findings).toMatchObject([{ severity: 'info', known: true }]);
  });

  it('counts, and puts the most severe first', () => {
    const files = { ...whole, '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: ['libgone.so.1'] }) };
    const audited = auditOf({
      extensions: { app: extension('app', files) },
      hosts: { one: host(), two: host() },
    });
    expect(audited.extensions).toEqual([
      { name: 'app', type: 'sysext', claim: 'self-contained', programs: 1, objects: 2 },
    ]);
    expect(brief(audited.findings, true)).toEqual([
      'error missing/library libgone.so.1',
      `warning leaks/open-variables ${PRIVATE_LOADER}`,
    ]);
    expect(audited.findings[0]!.hosts).toEqual(['one', 'two']);
  });

  it('audits each extension by itself if asked to', () => {
    const world = {
      extensions: {
        app: extension('app', { '/usr/share/one': { text: 'a' } }),
        zzz: extension('zzz', { '/usr/share/one': { text: 'z' } }),
      },
      hosts: { one: host(), two: host() },
    };
    const kinds = (each: boolean) => auditOf(world, { each }).findings.map(({ kind }) => kind);
    expect(kinds(false)).toContain('collisions/path');
    expect(kinds(true)).not.toContain('collisions/path');
    expect(auditOf(world, { each: true }).extensions.map(({ name }) => name)).toEqual(['app', 'zzz']);
  });

  it('leaves out a program that another extension shadows', () => {
    const other = extension('zzz', { '/usr/bin/app': { text: '#!/bin/sh\n' } });
    const { extensions } = auditOf({
      extensions: { app: extension('app', whole), zzz: other },
      hosts: { debian: host() },
    });
    expect(extensions).toMatchObject([{ programs: 0 }, { programs: 0 }]);
  });
});

it('reports nothing about a static program, which has no loader', () => {
  const files = { '/usr/bin/static-pie': { flags1: 0x08000000, data: '\0libz.so.1\0' } };
  const over = { debian: host(undefined, { '/usr/lib/libz.so.1': library('libz.so.1') }) };
  expect(auditOf({ extensions: { app: extension('app', files) }, hosts: over }).findings).toEqual([]);
});
