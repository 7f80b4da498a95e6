import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  host,
  INTERPRETER,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
} from './world.ts';

afterAll(removeRoots);

const libc = library('libc.so.6', { interp: INTERPRETER });
const hosts = { debian: host() };
const bound = 'ID=debian\nVERSION_ID=13\n';

describe('leaks/host-interpreter', () => {
  it('is an error for a self-contained extension', () => {
    const copied = extension('app', { '/usr/bin/app': program(), [`${LIB}/libc.so.6`]: libc });
    const { findings } = auditOf({ extensions: { app: copied }, hosts });
    expect(briefOf(findings, 'leaks/host-interpreter')).toEqual([
      `error leaks/host-interpreter ${INTERPRETER}`,
    ]);
    expect(findings.find(({ kind }) => kind === 'leaks/host-interpreter')!.message).toContain(
      `but its libc is ${LIB}/libc.so.6`,
    );
  });

  it('is found without a host', () => {
    const copied = extension('app', { '/usr/bin/app': program(), [`${LIB}/libc.so.6`]: libc });
    expect(brief(auditOf({ extensions: { app: copied } }).findings)).toEqual([
      `error leaks/host-interpreter ${INTERPRETER}`,
    ]);
  });

  it('ignores the PT_INTERP of a library', () => {
    const whole = {
      '/usr/bin/app': program({ interp: PRIVATE_LOADER }),
      [PRIVATE_LOADER]: openLoader,
      [`${PRIVATE}/libc.so.6`]: libc,
    };
    expect(brief(auditOf({ extensions: { app: extension('app', whole) }, hosts }).findings)).toEqual([]);
  });

  it('accepts an extension that is bound to its host', () => {
    const thin = extension('app', { '/usr/bin/app': program() }, bound);
    expect(auditOf({ extensions: { app: thin }, hosts }).findings).toEqual([]);
  });

  it('reports a libc that shadows the host’s, whatever the extension claims', () => {
    const copied = extension('app', { '/usr/bin/app': program(), [`${LIB}/libc.so.6`]: libc }, bound);
    expect(
      briefOf(auditOf({ extensions: { app: copied }, hosts }).findings, 'leaks/host-interpreter'),
    ).toEqual([`error leaks/host-interpreter ${INTERPRETER}`]);
  });
});

describe('missing/interpreter', () => {
  const files = { '/usr/bin/app': program({ interp: PRIVATE_LOADER }), [`${PRIVATE}/libc.so.6`]: libc };

  it('is the only finding on a program that cannot start', () => {
    const world = { app: extension('app', files) };
    expect(brief(auditOf({ extensions: world, hosts }).findings)).toEqual([
      `error missing/interpreter ${PRIVATE_LOADER}`,
    ]);
    expect(brief(auditOf({ extensions: world }).findings)).toEqual([
      `error missing/interpreter ${PRIVATE_LOADER}`,
    ]);
  });

  it('follows a link to the loader', () => {
    const linked = { ...files, [PRIVATE_LOADER]: { link: 'ld.real' }, [`${PRIVATE}/ld.real`]: openLoader };
    expect(brief(auditOf({ extensions: { app: extension('app', linked) }, hosts }).findings)).toEqual([]);
  });
});
