import { describe, expect, it } from 'vitest';
import { recallOf } from '../../scripts/compatibility/recall.ts';
import type { Manifest } from '../../src/manifest/manifest.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, LIB, program, rootAt } from '../plan/plan.ts';

const at = scratch();

const manifest = {
  files: [
    { path: '/usr/bin/app', role: 'entry', why: '' },
    { path: '/usr/bin/script', role: 'entry', why: '' },
    {
      path: '/usr/local/app/lib/liba.so.1',
      role: 'library',
      why: '',
      origin: { root: 'debian', path: `${LIB}/liba.so.1` },
    },
  ],
} as unknown as Manifest;

const use = (by: string, how: FileUse['how'], path: string): FileUse => ({
  program: by,
  how,
  path,
  outcome: 'found',
});

function recall(files: Files, ...uses: FileUse[]) {
  const own = { '/usr/bin/app': program(), '/usr/bin/script': { text: '#!/bin/sh\n' } };
  return recallOf(uses, rootAt(at('root'), { ...base, ...own, ...files }), manifest);
}

const DATA = { text: 'data' };

describe('recallOf', () => {
  it('finds files of the tree under the paths that they had in the staging root', () => {
    const uses = [use('/data/sh', 'run', '/usr/bin/app'), use('/usr/bin/app', 'open', `${LIB}/liba.so.1`)];
    expect(recall({ [`${LIB}/liba.so.1`]: program() }, ...uses)).toMatchObject({ used: 2, lacking: [] });
  });

  it('reports what neither the tree nor every host has, and leaves out what lies outside /usr and /opt', () => {
    const files = { '/usr/share/app/data': DATA, '/usr/share/zoneinfo/UTC': DATA, '/etc/app.conf': DATA };
    const uses = Object.keys(files).map(path => use('/usr/bin/app', 'open', path));
    expect(recall(files, ...uses)).toMatchObject({ used: 2, lacking: ['/usr/share/app/data'], bytes: 4 });
  });

  it('counts a program that the tree lacks and what started it, but not what that program opens', () => {
    const files = { '/usr/bin/helper': program(), '/usr/bin/env': program(), '/usr/share/helper': DATA };
    const uses = [
      use('/usr/bin/app', 'run', '/usr/bin/env'),
      use('/usr/bin/env', 'run', '/usr/bin/helper'),
      use('/usr/bin/helper', 'open', '/usr/share/helper'),
    ];
    expect(recall(files, ...uses)).toMatchObject({ used: 2, lacking: ['/usr/bin/helper'], ofOthers: 1 });
  });

  it('does not count what the work itself starts if the tree lacks it', () => {
    const files = { '/usr/bin/client': program() };
    expect(recall(files, use('/data/sh', 'run', '/usr/bin/client'))).toMatchObject({ used: 0, lacking: [] });
  });

  it('counts the data that a script reads, but not the libraries of the host’s shell that runs it', () => {
    const files = { '/usr/share/app/functions': DATA, [`${LIB}/libtinfo.so.6`]: program() };
    const uses = Object.keys(files).map(path => use('/usr/bin/script', 'open', path));
    expect(recall(files, ...uses).lacking).toEqual(['/usr/share/app/functions']);
  });

  it('counts a compiled module of Python as its source', () => {
    const files = { '/usr/lib/python3/a.py': DATA, '/usr/lib/python3/__pycache__/a.cpython-311.pyc': DATA };
    const opened = use('/usr/bin/app', 'open', '/usr/lib/python3/__pycache__/a.cpython-311.pyc');
    expect(recall(files, opened).lacking).toEqual(['/usr/lib/python3/a.py']);
  });

  it('exempts certificates, indexes, and drivers with the libraries that only they need', () => {
    const files: Files = {
      '/usr/share/ca-certificates/mozilla/a.crt': DATA,
      [`${LIB}/gconv/gconv-modules.cache`]: DATA,
      [`${LIB}/libGLX_mesa.so.0`]: { soname: 'libGLX_mesa.so.0', needed: ['libLLVM.so.1', 'libc.so.6'] },
      [`${LIB}/libLLVM.so.1`]: { soname: 'libLLVM.so.1', needed: ['libz3.so.4'] },
      [`${LIB}/libz3.so.4`]: { soname: 'libz3.so.4' },
      [`${LIB}/libother.so.4`]: { soname: 'libother.so.4' },
    };
    const uses = Object.keys(files).map(path => use('/usr/bin/app', 'open', path));
    const { used, lacking, exempt } = recall(files, ...uses);
    expect({ used, lacking }).toEqual({ used: 1, lacking: [`${LIB}/libother.so.4`] });
    expect(exempt).toEqual({
      certificates: ['/usr/share/ca-certificates/mozilla/a.crt'],
      index: [`${LIB}/gconv/gconv-modules.cache`],
      driver: [`${LIB}/libGLX_mesa.so.0`, `${LIB}/libLLVM.so.1`, `${LIB}/libz3.so.4`],
    });
  });
});
