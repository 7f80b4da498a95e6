import { describe, expect, it } from 'vitest';
import type { Audit } from '../../src/audit/audit.ts';
import { pages } from '../../src/audit/checks.ts';
import { auditText } from '../../src/report/findings-text.ts';
import { auditDocument } from '../../src/report/findings-json.ts';
import { style } from '../../src/report/style.ts';
import { auditOf, leak } from './findings.ts';

const text = (audit: Partial<Audit>) => auditText({ ...auditOf([]), ...audit }, pages, style(false));

describe('auditText', () => {
  it('is one line if there are no findings', () => {
    expect(text({})).toBe('no findings: 3 programs, 42 objects, host debian 13\n');
  });

  it('says that no host was given, even without findings', () => {
    expect(text({ hosts: [] })).toContain('no findings: 3 programs, 42 objects, no host\nno host was given');
  });

  it('prints a fix once for all findings that share it', () => {
    const others = { alsoIn: ['/usr/bin/b'], fix: 'leave it out' };
    expect(text({ findings: [leak('libc.so.6'), leak('libm.so.6'), leak('libz.so.1', others)] }))
      .toMatchInlineSnapshot(`
      "error: A library from outside the extension is loaded leaks/host-library
        app: /usr/lib/libc.so.6 is loaded from the host
          in /usr/bin/app
          /usr/bin/app → libc.so.6 (cache)
        app: /usr/lib/libm.so.6 is loaded from the host
          in /usr/bin/app
          /usr/bin/app → libm.so.6 (cache)
          fix: bring it
        app: /usr/lib/libz.so.1 is loaded from the host
          in /usr/bin/app and /usr/bin/b
          /usr/bin/app → libz.so.1 (cache)
          fix: leave it out

      3 errors: 3 programs, 42 objects, host debian 13
      (details: flix audit --explain leaks/host-library)
      "
    `);
  });

  it('names the hosts of a finding if not all are affected', () => {
    const hosts = ['debian 12', 'debian 13'];
    expect(text({ hosts, findings: [leak('libc.so.6')] })).toContain('from the host [on debian 13]\n');
    expect(text({ hosts, findings: [leak('libc.so.6', { hosts })] })).not.toContain('[on');
  });

  it('marks documented findings, and keeps names from controlling the terminal', () => {
    const named = leak('lib\u001b[2J.so', { severity: 'info', known: true });
    const printed = text({ findings: [named] });
    expect(printed).toContain('(known, documented in the manifest)');
    expect(printed).not.toContain('\u001b');
    expect(printed).toContain('1 note:');
  });
});

describe('auditDocument', () => {
  it('survives a round trip through JSON', () => {
    const document = auditDocument(auditOf([leak('libc.so.6')], []));
    expect(document.schema).toBe('flix.audit/1');
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
