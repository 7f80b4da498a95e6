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
    const others = { subject: '/usr/bin/a', alsoIn: ['/usr/bin/b'], fix: 'leave it out' };
    expect(
      text({
        findings: [
          leak('libc.so.6'),
          leak('libm.so.6', { subject: '/usr/bin/m' }),
          leak('libz.so.1', others),
        ],
      }),
    ).toMatchInlineSnapshot(`
      "error: A library from outside the extension is loaded leaks/host-library
        app: /usr/lib/libc.so.6 is loaded from the host
          in /usr/bin/app
          /usr/bin/app → libc.so.6 (cache)
        app: /usr/lib/libm.so.6 is loaded from the host
          in /usr/bin/m
          /usr/bin/app → libm.so.6 (cache)
          fix: bring it
        app: /usr/lib/libz.so.1 is loaded from the host
          in /usr/bin/a and /usr/bin/b
          /usr/bin/app → libz.so.1 (cache)
          fix: leave it out

      3 errors: 3 programs, 42 objects, host debian 13
      (details: flix audit --explain leaks/host-library)
      "
    `);
  });

  it('folds findings of one kind about one file into a line with their number', () => {
    const many = Array.from({ length: 12 }, (_, index) => leak(`lib${index}.so`, { fix: `ship ${index}` }));
    expect(text({ findings: many }).split('\n').slice(1, 8)).toEqual([
      '  app: /usr/bin/app: 12 findings: lib0.so, lib1.so, lib2.so, lib3.so, lib4.so, lib5.so, lib6.so, lib7.so and 4 more',
      '    such as: /usr/lib/lib0.so is loaded from the host',
      '    fix: ship 0',
      '    fix: ship 1',
      '    fix: ship 2',
      '    fix: (and 9 more: --format json has all of them)',
      '',
    ]);
  });

  it('keeps findings apart that differ only between hosts', () => {
    const hosts = ['debian 12', 'debian 13'];
    const findings = hosts.map(host => leak('libc.so.6', { hosts: [host], message: `on ${host}` }));
    const printed = text({ hosts, findings });
    for (const host of hosts) expect(printed).toContain(`  app: on ${host} [on ${host}]\n`);
  });

  it('begins with what fails on the host, and a table of extensions and hosts', () => {
    const breaks = (broken: readonly string[]) =>
      leak('libz.so.1', { kind: 'shadowing/breaks-host', broken, lacking: [] });
    const audit = {
      ...auditOf([breaks(['/bin/a', '/bin/b']), breaks(['/bin/b', '/bin/c'])], ['debian 12', 'debian 13']),
      extensions: [
        { name: 'app', type: 'sysext', claim: 'self-contained', programs: 1, objects: 1 },
        { name: 'longer', type: 'sysext', claim: 'self-contained', programs: 1, objects: 1 },
      ],
    } as const;
    expect(text(audit).split('\n').slice(0, 6)).toEqual([
      '3 programs and plugins of the host fail',
      '',
      '        debian 12    debian 13',
      'app     no findings  2 errors',
      'longer  no findings  no findings',
      '',
    ]);
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
