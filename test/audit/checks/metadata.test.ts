import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  briefOf,
  extension,
  type Files,
  host,
  LIB,
  library,
  openLoader,
  PRIVATE_LOADER,
  program,
  removeRoots,
} from '../world.ts';

afterAll(removeRoots);

const found = (kind: string, files: Files) =>
  briefOf(auditOf({ extensions: { app: files }, hosts: { debian: host() } }).findings, kind);

describe('metadata/blocks-all', () => {
  const text = { text: 'ID=other\n' };

  it('reports an os-release of the extension, or a link to one', () => {
    const error = ['error metadata/blocks-all /usr/lib/os-release'];
    expect(found('metadata/blocks-all', extension('app', { '/usr/lib/os-release': text }))).toEqual(error);
    const link = { '/usr/lib/os-release': { link: '../share/os' }, '/usr/share/os': text };
    expect(found('metadata/blocks-all', extension('app', link))).toEqual(error);
  });

  it('accepts an os-release that is not merged, or has another name', () => {
    expect(found('metadata/blocks-all', extension('app', { '/etc/os-release': text }))).toEqual([]);
    expect(found('metadata/blocks-all', extension('app', { '/usr/lib/os-release.d': text }))).toEqual([]);
  });
});

describe('metadata/unread-version', () => {
  const released = (release: string) => found('metadata/unread-version', extension('app', {}, release));

  it('reports a version together with ID=_any', () => {
    expect(released('ID=_any\nVERSION_ID=13\nSYSEXT_LEVEL=1\n')).toEqual([
      'warning metadata/unread-version VERSION_ID',
      'warning metadata/unread-version SYSEXT_LEVEL',
    ]);
  });

  it('accepts a version that is compared, and no version', () => {
    expect(released('ID=debian\nVERSION_ID=13\n')).toEqual([]);
    expect(released('ID=_any\nVERSION_ID=\nSYSEXT_VERSION_ID=3\n')).toEqual([]);
  });
});

describe('claims', () => {
  const bound = { '/usr/bin/app': program() };
  const lacking = { '/usr/bin/app': program({ needed: ['libc.so.6', 'libnone.so.1'] }) };
  const complete = {
    '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: [] }),
    [PRIVATE_LOADER]: openLoader,
  };
  const claims = (files: Files, release: string, of: string) => {
    const { findings } = auditOf({
      extensions: { app: extension('app', files, release) },
      hosts: { debian: host(`${of}\n`, { [`${LIB}/libother.so.1`]: library('libother.so.1') }) },
    });
    return findings.flatMap(finding =>
      finding.kind === 'metadata/over-claim' || finding.kind === 'metadata/under-claim'
        ? [`${finding.severity} ${finding.kind} ${finding.proven}`]
        : [],
    );
  };

  it('metadata/over-claim names the claim that the symbols confirm', () => {
    expect(claims(bound, 'ID=_any\n', 'ID=debian\nVERSION_ID=13')).toEqual([
      'info metadata/over-claim ID=debian VERSION_ID=13',
    ]);
    expect(claims(bound, 'ID=_any\n', 'ID=flatcar\nVERSION_ID=1\nSYSEXT_LEVEL=2')).toEqual([
      'info metadata/over-claim ID=flatcar SYSEXT_LEVEL=2',
    ]);
    expect(claims(lacking, 'ID=_any\n', 'ID=debian')).toEqual(['info metadata/over-claim undefined']);
    expect(claims(complete, 'ID=_any\n', 'ID=debian')).toEqual([]);
  });

  it('metadata/under-claim names the wider claim that would be right', () => {
    expect(claims(complete, 'ID=debian\nVERSION_ID=13\n', 'ID=debian\nVERSION_ID=13')).toEqual([
      'info metadata/under-claim ID=_any',
    ]);
    expect(claims(bound, 'ID=debian\nVERSION_ID=12\n', 'ID=debian\nVERSION_ID=13')).toEqual([
      'info metadata/under-claim ID=debian VERSION_ID=13',
    ]);
    expect(claims(bound, 'ID=debian\nVERSION_ID=13\n', 'ID=debian\nVERSION_ID=13')).toEqual([]);
    expect(claims(lacking, 'ID=debian\nVERSION_ID=12\n', 'ID=debian\nVERSION_ID=13')).toEqual([]);
    expect(claims({}, 'ID=debian\nVERSION_ID=13\n', 'ID=debian\nVERSION_ID=13')).toEqual([]);
  });
});
