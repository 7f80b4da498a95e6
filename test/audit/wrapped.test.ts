import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../src/audit/audit.ts';
import type { WrappedTree } from '../../src/audit/wrapped.ts';
import { directoryView } from '../../src/view/directory.ts';
import { brief, extension, type Files, host, program, removeRoots, root, treeView } from './world.ts';

afterAll(removeRoots);

const wrapped: WrappedTree = {
  prefix: '/usr/local/app',
  entries: ['/usr/bin/app', '/usr/bin/other'],
  needs: [
    { program: '/bin/sh', of: undefined, floor: undefined },
    { program: '/usr/bin/unshare', of: 'util-linux', floor: '2.36' },
  ],
};

/** A staged program that would load libraries of the host if the host's loader started it. */
const tree = extension('app', {
  '/usr/bin/app': { text: '#!/bin/sh\n' },
  '/usr/local/app/usr/bin/app': program({ needed: ['libnone.so.1', 'libc.so.6'] }),
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
