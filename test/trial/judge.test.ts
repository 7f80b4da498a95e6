import fs from 'node:fs';
import path from 'node:path';
import { dirSync } from 'tmp-promise';
import { afterAll, describe, expect, it } from 'vitest';
import { judgeTrial } from '../../src/trial/judge.ts';
import type { FileUse } from '../../src/trial/trace.ts';
import { directoryView } from '../../src/view/directory.ts';
import { layeredView } from '../../src/view/layers.ts';
import { buildFixture, type FileRecipe } from '../lab/fixture.ts';

const { name: scratch, removeCallback } = dirSync({ prefix: 'flix-trial-', unsafeCleanup: true });
afterAll(() => removeCallback());

function view(label: string, files: Readonly<Record<string, FileRecipe>>) {
  const directory = path.join(scratch, label);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory);
  buildFixture(directory, { rule: '', source: '', files });
  return directoryView(directory, { label });
}

const text = { text: '' };
const host = view('host', {
  '/usr/bin/sh': text,
  '/usr/lib/libhost.so': { soname: 'libhost.so' },
  '/etc/passwd': text,
});
const tree = view('app', {
  '/usr/bin/app': text,
  '/usr/bin/helper': text,
  '/usr/lib/libown.so': { soname: 'libown.so' },
});
const staging = view('debian', {
  '/usr/share/app/a': text,
  '/usr/share/app/b': text,
  '/usr/bin/late': text,
  '/usr/share/app/__pycache__/a.pyc': text,
  '/bin': { link: 'usr/bin' },
  '/usr/lib/x/libown.so': text,
  '/usr/lib/x86_64-linux-gnu/libplugin.so.1': text,
  '/etc/passwd': text,
  '/etc/app.conf': text,
  '/usr/share/app.conf': { link: '/etc/app.conf' },
  '/usr/lib/own': { link: '../bin' },
  '/usr/bin/helper': text,
});
const root = {
  merged: layeredView([tree, host], 'merged'),
  trees: [{ view: tree, privateDirectories: ['/usr/local/app/lib'] }],
  host,
  staging: [staging],
};

const opened = (file: string, program = '/usr/bin/app'): FileUse => ({
  program,
  how: 'open',
  path: file,
  real: file,
  outcome: 'found',
});
const absent = (file: string, program = '/usr/bin/app'): FileUse => ({
  program,
  how: 'look',
  path: file,
  outcome: 'absent',
});
const run = (file: string, program = '/usr/bin/app'): FileUse => ({
  program,
  how: 'run',
  path: file,
  outcome: 'found',
});

describe('judgeTrial', () => {
  it('tells libraries, programs and data of the host apart from files of the extensions', () => {
    const uses = [
      opened('/usr/lib/libown.so'),
      opened('/usr/lib/libhost.so'),
      opened('/etc/passwd'),
      run('/usr/bin/sh'),
      run('/usr/bin/helper'),
    ];
    const { used, ...judged } = judgeTrial(uses, root);
    expect(used).toContainEqual({ path: '/usr/bin/helper', programs: ['/usr/bin/app'] });
    expect(used).toHaveLength(5);
    expect(judged).toEqual({
      missed: [],
      libraries: [{ path: '/usr/lib/libhost.so', program: '/usr/bin/app' }],
      programs: [{ path: '/usr/bin/sh', program: '/usr/bin/app' }],
      data: [{ path: '/etc/passwd', program: '/usr/bin/app' }],
      own: 2,
    });
  });

  it('does not report the libraries of the host that a tree is bound to', () => {
    const [first, ...others] = root.trees;
    const expected = { names: new Set(['libhost.so']), directories: new Set(['/usr/lib']) };
    const bound = { ...root, trees: [{ ...first!, bound: expected }, ...others] };
    const trial = judgeTrial([opened('/usr/lib/libhost.so'), opened('/etc/passwd')], bound);
    expect(trial).toMatchObject({
      libraries: [],
      planned: [{ path: '/usr/lib/libhost.so', program: '/usr/bin/app' }],
      data: [{ path: '/etc/passwd' }],
    });
  });

  it('reports a library of the host that the plan of a host-bound tree does not include', () => {
    const other = view('other-host', {
      '/usr/lib/libhost.so': { soname: 'libhost.so', needed: ['libdeep.so'] },
      '/usr/lib/libdeep.so': { soname: 'libdeep.so', data: 'libopened.so\0' },
      '/usr/lib/libextra.so': { soname: 'libextra.so' },
      '/usr/lib/libopened.so': { soname: 'libopened.so' },
      '/usr/lib/libnss_sss.so.2': { soname: 'libnss_sss.so.2' },
      '/usr/lib/modules.d/one.so': { needed: ['libhost.so'] },
      '/usr/lib/modules.d/mixed.so': { needed: ['libown.so'] },
      '/usr/lib/x/libown.so': { soname: 'libown.so' },
    });
    const expected = { names: new Set(['libhost.so']), directories: new Set(['/usr/lib']) };
    const trees = [{ ...root.trees[0]!, bound: expected }];
    const merged = { ...root, merged: layeredView([tree, other], 'merged'), host: other, trees };
    const all = [
      '/usr/lib/libown.so',
      '/usr/lib/libdeep.so',
      '/usr/lib/libhost.so',
      '/usr/lib/libextra.so',
      '/usr/lib/libopened.so',
      '/usr/lib/libnss_sss.so.2',
      '/usr/lib/modules.d/one.so',
      '/usr/lib/modules.d/mixed.so',
      '/usr/lib/x/libown.so',
    ];
    const { libraries, planned } = judgeTrial(
      all.map(file => opened(file)),
      merged,
    );
    expect(planned!.map(({ path: file }) => file)).toEqual([
      '/usr/lib/libdeep.so',
      '/usr/lib/libhost.so',
      '/usr/lib/libnss_sss.so.2',
      '/usr/lib/libopened.so',
      '/usr/lib/modules.d/one.so',
    ]);
    expect(libraries.map(({ path: file }) => file)).toEqual([
      '/usr/lib/libextra.so',
      '/usr/lib/modules.d/mixed.so',
      '/usr/lib/x/libown.so',
    ]);
  });

  it('does not report what programs of the host use', () => {
    const trial = judgeTrial([opened('/usr/lib/libhost.so', '/usr/bin/sh'), opened('/proc/self/maps')], root);
    expect(trial).toMatchObject({ libraries: [], data: [], own: 0 });
  });

  it('names the topmost directory that is missing, with all that was looked for in it', () => {
    const uses = [
      absent('/usr/share/app/b'),
      absent('/usr/share//app/a', '/usr/bin/helper'),
      absent('/usr/bin/late'),
    ];
    expect(judgeTrial(uses, root).missed).toEqual([
      { path: '/usr/bin/late', files: ['/usr/bin/late'], programs: ['/usr/bin/app'], root: 'debian' },
      {
        path: '/usr/share/app',
        files: ['/usr/share/app/a', '/usr/share/app/b'],
        programs: ['/usr/bin/app', '/usr/bin/helper'],
        root: 'debian',
      },
    ]);
  });

  it('tells what systemd-tmpfiles creates at boot from what the host must have', () => {
    const defaults = view('defaults', {
      '/usr/bin/app': text,
      '/usr/share/factory/etc/app/app.conf': text,
      '/usr/lib/tmpfiles.d/app.conf': { text: 'C /etc/app/app.conf\n' },
    });
    const debian = view('with-etc', { '/etc/app/app.conf': text, '/etc/other.conf': text });
    const place = { ...root, merged: layeredView([defaults, host], 'merged'), staging: [debian] };
    const trees = [{ view: defaults, privateDirectories: [] }];
    const missedAfter = (...files: string[]) =>
      judgeTrial(
        files.map(file => absent(file)),
        { ...place, trees },
      ).missed;
    expect(missedAfter('/etc/app/app.conf', '/etc/other.conf')).toMatchObject([
      { path: '/etc/app', atBoot: true },
      { path: '/etc/other.conf' },
    ]);
    expect(missedAfter('/etc/app')).toMatchObject([{ path: '/etc/app', atBoot: true }]);
    expect(missedAfter('/etc/other.conf')[0]).not.toHaveProperty('atBoot');
  });

  it('reports a file once, although it was looked for under several paths and in directories above it', () => {
    const uses = ['/usr/share', '/usr/share/app', '/bin/late', '/usr/bin/late'].map(file => absent(file));
    expect(judgeTrial(uses, root).missed.map(({ path: missed }) => missed)).toEqual([
      '/usr/bin/late',
      '/usr/share/app',
    ]);
  });

  it('names the file behind a link that leads out of /usr, since nothing can bring the link', () => {
    expect(judgeTrial([absent('/usr/share/app.conf')], root).missed).toMatchObject([
      { path: '/etc/app.conf', files: ['/usr/share/app.conf'] },
    ]);
  });

  it('names the link that is missing, if the file to which it leads is there', () => {
    expect(judgeTrial([absent('/usr/lib/own/helper')], root).missed).toMatchObject([
      { path: '/usr/lib/own', files: ['/usr/lib/own/helper'] },
    ]);
  });

  it('does not report what programs of the host looked for', () => {
    expect(judgeTrial([absent('/usr/share/app/a', '/usr/bin/sh')], root).missed).toEqual([]);
  });

  it('finds libraries that a private loader searched for by name, where the staging root has them', () => {
    const uses = ['/usr/local/app/lib', '/usr/lib/elsewhere'].map(at => absent(`${at}/libplugin.so.1`));
    expect(judgeTrial(uses, root).missed).toEqual([
      {
        path: '/usr/lib/x86_64-linux-gnu/libplugin.so.1',
        library: 'libplugin.so.1',
        files: ['/usr/local/app/lib/libplugin.so.1'],
        programs: ['/usr/bin/app'],
        root: 'debian',
      },
    ]);
  });

  it('reports nothing that no staging root has, that exists, or that was found in another directory', () => {
    const uses = [
      absent('/usr/share/app/__pycache__/a.pyc'), // Python does without
      absent('/usr/share/nowhere'),
      absent('/etc/passwd'),
      absent('/usr/lib/x/libown.so'),
      opened('/usr/lib/libown.so'),
    ];
    expect(judgeTrial(uses, root).missed).toEqual([]);
  });
});
