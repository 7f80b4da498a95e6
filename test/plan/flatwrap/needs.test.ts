import { describe, expect, it } from 'vitest';
import type { Strength } from '../../../src/needs/need.ts';
import { scratch } from '../../io/scratch.ts';
import { type Files, holds, LIB, program } from '../plan.ts';
import { PREFIX, textAt, wrapPlanOf, wrapRoot } from './plan.ts';

const at = scratch();
let roots = 0;
const planOf = (files: Files, path: string, needs: Strength = 'required') =>
  wrapPlanOf(wrapRoot(at(`root-${roots++}`), files), [path], { request: { needs } });
const library = (soname: string, more = {}): Files => ({
  [`${LIB}/${soname}`]: { soname, needed: ['libc.so.6'], ...more },
});

describe('a trimmed root', () => {
  it('contains what its programs require, even where a host has its own', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
      ...library('libpam.so.0'),
      ...library('libextra.so.1'),
      [`${LIB}/security/pam_x.so`]: { needed: ['libextra.so.1', 'libc.so.6'] },
      '/usr/share/app/more': { text: '' },
    };
    const plan = planOf(files, '/usr/bin/app');
    expect(plan.needs.find(({ what }) => what === `${LIB}/security`)).toMatchObject({ verdict: 'brought' });
    expect(plan.needs.flatMap(({ owner }) => owner ?? [])).toEqual([]);
    expect(holds(plan, `${PREFIX}${LIB}`)).toEqual(
      expect.arrayContaining([`${PREFIX}${LIB}/security/pam_x.so`, `${PREFIX}${LIB}/libextra.so.1`]),
    );
  });

  it('contains the locale that every host has, and others down to the level of the run', () => {
    const files = {
      '/usr/bin/app': program({ references: ['setlocale'] }),
      '/usr/lib/locale/C.utf8/LC_CTYPE': { text: '' },
      '/usr/lib/locale/de_DE.utf8/LC_CTYPE': { text: '' },
    };
    const locale = `${PREFIX}/usr/lib/locale`;
    expect(holds(planOf(files, '/usr/bin/app'), locale)).toEqual([`${locale}/C.utf8/LC_CTYPE`]);
    const { needs } = planOf(files, '/usr/bin/app');
    expect(needs.find(({ what }) => what === '/usr/lib/locale')?.verdict).toBe('open');
    expect(holds(planOf(files, '/usr/bin/app', 'recommended'), locale)).toEqual([
      `${locale}/C.utf8/LC_CTYPE`,
      `${locale}/de_DE.utf8/LC_CTYPE`,
    ]);
  });

  it('contains no files of /etc, which the view shows as the host has them; files that programs need become defaults', () => {
    const files = {
      '/usr/bin/app': program({ references: ['getprotobyname'] }),
      '/etc/protocols': { text: 'tcp 6\n' },
    };
    const factory = '/usr/share/factory/etc/protocols';
    const plan = planOf(files, '/usr/bin/app', 'recommended');
    expect(holds(plan)).toContain(factory);
    expect(holds(plan)).not.toContain(`${PREFIX}/etc/protocols`);
    expect(textAt(plan, '/usr/lib/tmpfiles.d/flix-app.conf')).toContain(
      `C /etc/protocols :0644 :root :root - ${factory}`,
    );
    const own = wrapPlanOf(wrapRoot(at(`root-${roots++}`), files), ['/usr/bin/app'], {
      etc: 'staged',
      request: { needs: 'recommended' },
    });
    expect(holds(own)).toContain(`${PREFIX}/etc/protocols`);
    expect(holds(own)).not.toContain(factory);
  });

  it('contains the login shells if a program opens sessions, because sshd refuses a user whose shell does not exist', () => {
    const files = (call: string): Files => ({
      '/usr/bin/app': program({ references: [call] }),
      '/usr/bin/bash': program(),
    });
    const shell = `${PREFIX}/usr/bin/bash`;
    expect(holds(planOf(files('pam_open_session'), '/usr/bin/app'))).toContain(shell);
    expect(holds(planOf(files('pam_authenticate'), '/usr/bin/app'))).not.toContain(shell);
  });

  it('contains the shell that system(3) starts with the commands of scripts, and programs of every host that the programs name', () => {
    const files = {
      '/usr/bin/app': program({ references: ['system'], data: '/usr/bin/systemctl\0/usr/bin/other\0' }),
      '/bin/sh': { link: 'dash' },
      '/usr/bin/dash': program(),
      '/usr/bin/mkdir': program(),
      '/usr/bin/systemctl': program(),
      '/usr/bin/other': program(),
    };
    const programs = (level: Strength) => holds(planOf(files, '/usr/bin/app', level), `${PREFIX}/usr/bin/`);
    expect(programs('required')).toEqual(
      ['app', 'dash', 'mkdir', 'sh -> dash', 'unshare'].map(name => `${PREFIX}/usr/bin/${name}`),
    );
    expect(programs('recommended')).toContain(`${PREFIX}/usr/bin/systemctl`);
    expect(programs('recommended')).not.toContain(`${PREFIX}/usr/bin/other`);
  });

  it('contains the interpreter of each script that it has', () => {
    const files = {
      '/usr/bin/app': program({ data: '/usr/lib/app\0' }),
      '/usr/lib/app/helper': { text: '#!/bin/bash\n' },
      '/usr/bin/bash': program(),
    };
    const plan = planOf(files, '/usr/bin/app', 'recommended');
    expect(holds(plan, `${PREFIX}/usr/bin/bash`)).toHaveLength(1);
  });

  it('contains a whole directory although a part of it came for something else', () => {
    const files = {
      '/usr/bin/app': program({ data: '/usr/lib/app/first\0/usr/lib/app\0' }),
      '/usr/lib/app/first': { text: '' },
      '/usr/lib/app/second': { text: '' },
    };
    const plan = planOf(files, '/usr/bin/app', 'recommended');
    expect(holds(plan, `${PREFIX}/usr/lib/app`)).toContain(`${PREFIX}/usr/lib/app/second`);
  });

  it('contains the interpreter of a script with the modules that the script loads', () => {
    const files = {
      '/usr/bin/app': { text: '#!/usr/bin/python3\nimport app\n' },
      '/usr/bin/python3': program(),
      '/usr/lib/python3/dist-packages/app.py': { text: '' },
      '/usr/lib/python3/dist-packages/other.py': { text: '' },
    };
    expect(holds(planOf(files, '/usr/bin/app'), `${PREFIX}/usr/lib/python3`)).toEqual([]);
    const versioned = {
      ...files,
      '/usr/bin/python3': { link: 'python3.11' },
      '/usr/bin/python3.11': program(),
    };
    expect(holds(planOf(versioned, '/usr/bin/app'), `${PREFIX}/usr/lib/python3`)).toEqual([
      `${PREFIX}/usr/lib/python3/dist-packages/app.py`,
    ]);
  });

  it.each<[Strength, readonly string[], number]>([
    ['required', [], 1],
    ['recommended', [`${PREFIX}${LIB}/liblater.so.1`], 0],
  ])(
    'contains libraries that are opened by name down to the level of the run: %s',
    (level, found, remarks) => {
      const files = {
        '/usr/bin/app': program({ references: ['dlopen'], data: 'liblater.so.1\0' }),
        ...library('liblater.so.1'),
      };
      const plan = planOf(files, '/usr/bin/app', level);
      expect(holds(plan, `${PREFIX}${LIB}/liblater`)).toEqual(found);
      expect(plan.remarks.filter(({ code }) => code === 'opened-by-name')).toHaveLength(remarks);
    },
  );
});
