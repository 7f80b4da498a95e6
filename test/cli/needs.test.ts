import { beforeAll, describe, expect, it } from 'vitest';
import { needsCommand } from '../../src/cli/needs.ts';
import { whyCommand } from '../../src/cli/why.ts';
import { base, program } from '../plan/plan.ts';
import { root } from '../report/root.ts';
import { run } from './run.ts';

let place: string;
beforeAll(() => {
  place = root({
    ...base,
    '/etc/os-release': { text: 'ID=test\nVERSION_ID=1\n' },
    '/usr/bin/app': program({
      needed: ['libtinfo.so.6', 'libc.so.6'],
      data: '/usr/share/app\0/usr/share/other\0/usr/bin/sh\0',
    }),
    '/usr/lib/x86_64-linux-gnu/libtinfo.so.6': { soname: 'libtinfo.so.6', needed: ['libc.so.6'] },
    '/usr/lib/terminfo/x/xterm': { text: 'xterm' },
    '/usr/share/app/data': { text: 'data' },
    '/usr/share/other/data': { text: 'data' },
  });
});
const needs = (...argv: string[]) => run(needsCommand(), '--root', place, ...argv);
const why = (...argv: string[]) => run(whyCommand(), '--root', place, ...argv);

describe('flix needs', () => {
  it('lists what a program needs with its size, its evidence and options that bring it', async () => {
    const { stdout, status } = await needs('/usr/bin/app');
    expect(status).toBe(0);
    expect(stdout).toContain(
      '  /usr/lib/terminfo  5 B\n    required, brought: terminal descriptions for /usr/lib/x86_64-linux-gnu/libtinfo.so.6\n',
    );
    expect(stdout).toContain(
      '  /usr/share/app  4 B\n    recommended, open: /usr/bin/app contains “/usr/share/app”\n',
    );
    expect(stdout).toContain('\n--needs recommended  brings 1 more path, 4 B\n');
    expect(stdout).toContain('\n--include /usr/share/app\n');
    expect(stdout).not.toContain('/usr/share/other');
  });

  it('lists candidates with --all', async () => {
    expect((await needs('--all', '/usr/bin/app')).stdout).toContain(
      '    candidate, open: /usr/bin/app contains',
    );
  });

  it('says so if nothing is needed', async () => {
    expect((await needs('/usr/share/app')).stdout).toBe(
      'nothing beyond the libraries that the loader loads\n',
    );
  });

  it('gives a document with the offset of each text, and the option that brings it', async () => {
    const { stdout } = await needs('--json', '/usr/bin/app');
    const document = JSON.parse(stdout) as {
      readonly schema: string;
      readonly needs: { readonly what: string }[];
    };
    expect(document.schema).toBe('flix.needs/1');
    expect(document.needs.find(({ what }) => what === '/usr/share/app')).toEqual({
      what: '/usr/share/app',
      who: '/usr/bin/app',
      evidence: { kind: 'path', text: '/usr/share/app', offset: expect.any(Number) as number },
      strength: 'recommended',
      verdict: 'open',
      place: null,
      because: null,
      package: null,
      size: 4,
      fix: '--include /usr/share/app',
    });
  });

  it('refuses a path that does not exist', async () => {
    const { stderr, status } = await needs('/usr/bin/none');
    expect(stderr).toContain('/usr/bin/none is not in');
    expect(status).toBe(2);
  });
});

describe('flix why for a file that no loader loads', () => {
  it('names what needs it, or a directory that it is in', async () => {
    const { stdout, status } = await why('/usr/share/app/data', '/usr/bin/app');
    expect(stdout).toBe('/usr/share/app/data\n  recommended: /usr/bin/app contains “/usr/share/app”\n');
    expect(status).toBe(0);
  });

  it('has status 1 if nothing shows that the program needs it', async () => {
    const { stdout, status } = await why('/etc/os-release', '/usr/bin/app');
    expect(stdout).toBe('/etc/os-release\n  nothing shows that these programs need it\n');
    expect(status).toBe(1);
  });
});
