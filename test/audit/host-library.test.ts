import { afterAll, describe, expect, it } from 'vitest';
import { EM_AARCH64 } from '../../src/elf/constants.ts';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  host,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
} from './world.ts';

afterAll(removeRoots);

const own = { [PRIVATE_LOADER]: openLoader, [`${PRIVATE}/libc.so.6`]: library('libc.so.6') };
const app = program({ interp: PRIVATE_LOADER, needed: ['libfoo.so.1'] });
const foo = library('libfoo.so.1', { needed: ['libbar.so.2', 'libc.so.6'] });
const bar = library('libbar.so.2');

describe('leaks/host-library', () => {
  const files = { ...own, '/usr/bin/app': app, [`${PRIVATE}/libfoo.so.1`]: foo };
  const leaky = host(undefined, { [`${LIB}/libbar.so.2`]: bar, '/etc/ld.so.cache': { text: '' } });
  // the private loader reaches the host's directory through the run path of the library
  const byRunPath = { ...files, [`${PRIVATE}/libfoo.so.1`]: { ...foo, runpath: LIB } };

  it('names the chain and the rule that led out of the extension', () => {
    const { findings } = auditOf({
      extensions: { app: extension('app', byRunPath) },
      hosts: { debian: leaky },
    });
    expect(briefOf(findings, 'leaks/host-library')).toEqual([
      `error leaks/host-library ${LIB}/libbar.so.2`,
      `error leaks/host-library ${LIB}/libc.so.6`,
    ]);
    expect(findings[0]).toMatchObject({
      extension: 'app',
      subject: '/usr/bin/app',
      hosts: ['debian'],
      provider: { kind: 'host' },
      chain: [
        {
          name: '/usr/bin/app',
          path: '/usr/bin/app',
          provider: { kind: 'extension', name: 'app', type: 'sysext' },
          origin: null,
        },
        { name: 'libfoo.so.1', path: `${PRIVATE}/libfoo.so.1`, origin: { kind: 'default' } },
        { name: 'libbar.so.2', path: `${LIB}/libbar.so.2`, origin: { kind: 'runpath', element: LIB } },
      ],
    });
    expect(findings[1]!.fix).toContain(`The loader does not reach ${PRIVATE}/libc.so.6`);
  });

  it('does not point to a library for another machine', () => {
    const cross = library('libbar.so.2', { machine: EM_AARCH64 });
    const { findings } = auditOf({
      extensions: {
        app: extension('app', { ...byRunPath, '/usr/aarch64-linux-gnu/lib/libbar.so.2': cross }),
      },
      hosts: { debian: leaky },
    });
    expect(findings.find(({ culprit }) => culprit === `${LIB}/libbar.so.2`)?.fix).toMatch(/^Ship the/);
  });

  it('reports nothing if the extension has the library', () => {
    const whole = { ...files, [`${PRIVATE}/libbar.so.2`]: bar };
    const { findings } = auditOf({ extensions: { app: extension('app', whole) }, hosts: { debian: leaky } });
    expect(brief(findings)).toEqual([]);
  });

  it('allows an extension that is bound to its host to use it', () => {
    const bound = extension(
      'app',
      { '/usr/bin/app': program({ needed: ['libbar.so.2'] }) },
      'ID=debian\nVERSION_ID=13\n',
    );
    expect(auditOf({ extensions: { app: bound }, hosts: { debian: leaky } }).findings).toEqual([]);
  });

  it('treats a library of another extension as foreign', () => {
    const other = extension('lender', { [`${LIB}/libbar.so.2`]: bar });
    const { findings } = auditOf({
      extensions: {
        app: extension('app', {
          ...byRunPath,
          [`${PRIVATE}/libfoo.so.1`]: { ...foo, needed: ['libbar.so.2'], runpath: LIB },
        }),
        lender: other,
      },
      hosts: { debian: host() },
    });
    expect(findings.find(({ kind }) => kind === 'leaks/host-library')).toMatchObject({
      culprit: `${LIB}/libbar.so.2`,
      provider: { kind: 'extension', name: 'lender', type: 'sysext' },
    });
  });

  it('reports what the host’s ld.so.preload loads', () => {
    const preloading = host(undefined, {
      [`${LIB}/libhook.so`]: library('libhook.so'),
      '/etc/ld.so.preload': { text: `${LIB}/libhook.so\n` },
    });
    const whole = { ...files, [`${PRIVATE}/libbar.so.2`]: bar };
    const { findings } = auditOf({
      extensions: { app: extension('app', whole) },
      hosts: { debian: preloading },
    });
    expect(brief(findings)).toEqual([`error leaks/host-library ${LIB}/libhook.so`]);
    expect(findings[0]!.fix).toContain('/etc/ld.so.preload');
  });

  it('joins what several programs share into one finding', () => {
    const two = extension('app', { ...byRunPath, '/usr/bin/app2': app });
    const { findings } = auditOf({ extensions: { app: two }, hosts: { debian: leaky } });
    expect(findings[0]).toMatchObject({ subject: '/usr/bin/app', alsoIn: ['/usr/bin/app2'] });
  });
});
