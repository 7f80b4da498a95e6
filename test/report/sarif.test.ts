import { describe, expect, it } from 'vitest';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { pages } from '../../src/audit/checks.ts';
import { sarif } from '../../src/report/sarif.ts';
import { auditOf, hostile, leak } from './findings.ts';

const run = (...findings: AuditFinding[]) => sarif(auditOf(findings), pages, '1.2.3').runs[0]!;
const uri = (subject: string) =>
  run(leak('libz.so.1', { subject })).results[0]!.locations[0]!.physicalLocation.artifactLocation.uri;

describe('sarif', () => {
  it('has what the schema and GitHub require', () => {
    const { $schema, version, runs } = sarif(auditOf([leak('libz.so.1')]), pages, '1.2.3');
    expect($schema).toMatch(/sarif-schema-2\.1\.0\.json$/);
    expect(version).toBe('2.1.0');
    expect(runs).toHaveLength(1);
    const { driver } = runs[0]!.tool;
    expect(driver).toMatchObject({ name: 'flix', version: '1.2.3' });
    expect(driver.rules[0]).toMatchObject({
      id: 'leaks/host-library',
      shortDescription: { text: 'A library from outside is loaded' },
      defaultConfiguration: { level: 'error' },
      properties: { tags: ['leaks'] },
    });
    expect(driver.rules[0]!.help.markdown).toContain('## How to mend it');
    expect(runs[0]!.results[0]).toMatchObject({
      ruleId: 'leaks/host-library',
      ruleIndex: 0,
      level: 'error',
      locations: [
        {
          physicalLocation: { artifactLocation: { uri: 'usr/bin/app' }, region: { startLine: 1 } },
        },
      ],
      properties: { extension: 'app', hosts: ['debian 13'] },
    });
    expect(runs[0]!.results[0]!.message.text).toBe(
      'app: /usr/lib/libz.so.1 is loaded from the host\nChain: /usr/bin/app → libz.so.1 (cache)\n' +
        'Hosts: debian 13\nMend: bring it',
    );
  });

  it('describes each kind once, as bad as its worst', () => {
    const unresolved = { kind: 'missing/library', severity: 'warning' } as Partial<AuditFinding>;
    const { tool, results } = run(leak('a.so'), leak('b.so', unresolved), leak('c.so', { severity: 'info' }));
    expect(tool.driver.rules.map(({ id, defaultConfiguration }) => [id, defaultConfiguration.level])).toEqual(
      [
        ['leaks/host-library', 'error'],
        ['missing/library', 'warning'],
      ],
    );
    expect(results.map(({ ruleIndex, level }) => [ruleIndex, level])).toEqual([
      [0, 'error'],
      [1, 'warning'],
      [0, 'note'],
    ]);
  });

  it.each([
    ['/usr/bin/a b%?#', 'usr/bin/a%20b%25%3F%23'],
    ['/usr/../../etc', 'usr/etc'],
    ['//host/x', 'host/x'],
    ['C:\\x', 'C%3A%5Cx'],
    ['/usr/\ud800', 'usr/%EF%BF%BD'],
    ['/', 'app'],
  ])('makes of the path %j a relative URI', (subject, expected) => {
    expect(uri(subject)).toBe(expected);
  });

  it('knows a finding again that is worded anew, and tells others apart', () => {
    const print = (...findings: AuditFinding[]) =>
      run(...findings).results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
    const [one] = print(leak('a.so'));
    expect(print(leak('a.so', { message: 'other', hosts: [], severity: 'info' }))).toEqual([one]);
    expect(print(leak('a.so', { subject: '/usr/bin/b' }))).not.toEqual([one]);
    expect(new Set(print(leak('a.so'), leak('a.so', { message: 'other' }), leak('b.so'))).size).toBe(3);
  });

  it('makes no link of a name, and keeps its lines', () => {
    const [result] = run(leak('a.so', { message: hostile.cell })).results;
    expect(result!.message.text).not.toContain('](');
    expect(result!.message.text.split('\n')).toHaveLength(4);
  });

  it('says why a finding is accepted', () => {
    const [accepted, open] = run(leak('a.so', { accepted: 'foreseen' }), leak('b.so')).results;
    expect(accepted).toHaveProperty('suppressions', [{ kind: 'external', justification: 'foreseen' }]);
    expect(open).not.toHaveProperty('suppressions');
  });
});
