import schema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import draft4 from 'ajv-draft-04';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { pages } from '../../src/audit/checks.ts';
import { sarif } from '../../src/report/sarif.ts';
import { auditOf, hostile, leak } from './findings.ts';

const { default: Ajv } = draft4;
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
formats.default(ajv);
const validate = ajv.compile(schema);
/** Validates the printed JSON against the OASIS schema. */
const errors = (log: object) => {
  validate(JSON.parse(JSON.stringify(log)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

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
      shortDescription: { text: 'A library from outside the extension is loaded' },
      defaultConfiguration: { level: 'error' },
      properties: { tags: ['leaks'] },
    });
    expect(driver.rules[0]!.help.markdown).toContain('## How to fix it');
    expect(runs[0]!.results[0]).toMatchObject({
      ruleId: 'leaks/host-library',
      ruleIndex: 0,
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'usr/bin/app' },
            region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 },
          },
        },
      ],
      properties: { extension: 'app', hosts: ['debian 13'] },
    });
    expect(runs[0]!.results[0]!.message.text).toBe(
      'app: /usr/lib/libz.so.1 is loaded from the host\nChain: /usr/bin/app → libz.so.1 (cache)\n' +
        'Hosts: debian 13\nFix: bring it',
    );
  });

  it('leaves out the least severe findings above GitHub’s limit, and says how many', () => {
    const many = Array.from({ length: 25_002 }, (_, i) => leak(`lib${i}.so`));
    const cut = sarif(auditOf(many), pages, '1.2.3');
    expect(cut.runs[0]!.results).toHaveLength(25_000);
    expect(cut.runs[0]!.results.at(-1)!.properties.culprit).toContain('lib24999.so');
    expect(cut.runs[0]).toMatchObject({ properties: { leftOut: 2 } });
    expect(run(...many.slice(0, 25_000))).not.toHaveProperty('properties');
  });

  const ofEveryKind = [...pages.keys()].map(kind => leak('a.so', { kind } as Partial<AuditFinding>));

  it.each<[string, AuditFinding[], string[]]>([
    ['nothing', [], []],
    ['a finding of every kind', ofEveryKind, ['debian 13', 'fedora 42']],
    ['without a host', [leak('a.so', { hosts: [] })], []],
    ['without a chain', [leak('a.so', { chain: [] })], ['debian 13']],
    ['what is accepted', [leak('a.so', { accepted: 'foreseen', severity: 'info' })], ['debian 13']],
    [
      'names of an enemy',
      Object.values(hostile).map(text => leak(text, { subject: text, message: text, extension: text })),
      ['debian 13'],
    ],
    ['no name at all', [leak('a.so', { subject: '/', extension: '..' })], []],
  ])('is valid by the schema of SARIF 2.1.0: %s', (_, findings, hosts) => {
    expect(errors(sarif(auditOf(findings, hosts), pages, '1.2.3'))).toEqual([]);
  });

  it('is invalid with a level, a member or a URI that the schema does not know', () => {
    const log = sarif(auditOf([leak('a.so')]), pages, '1.2.3');
    const [only] = log.runs[0]!.results;
    const withResult = (result: object) =>
      errors({ ...log, runs: [{ ...log.runs[0], results: [{ ...only, ...result }] }] });
    expect(withResult({})).toEqual([]);
    expect(withResult({ level: 'info' })).not.toEqual([]);
    expect(withResult({ ruleID: 'x' })).not.toEqual([]);
    const artifactLocation = { uri: 'a b' };
    expect(withResult({ locations: [{ physicalLocation: { artifactLocation } }] })).not.toEqual([]);
  });

  // the limits are listed in “SARIF support for code scanning”
  it('keeps within GitHub’s limits, whatever is found', () => {
    const { tool, results } = run(...ofEveryKind);
    const { rules } = tool.driver;
    expect(rules.map(({ id }) => id)).toEqual([...pages.keys()]);
    for (const { id, shortDescription, fullDescription, help, properties } of rules) {
      for (const { text } of [shortDescription, fullDescription]) {
        expect(text, id).not.toBe('');
        expect(text.length, id).toBeLessThanOrEqual(1024);
      }
      expect(help.text, id).not.toBe('');
      expect(properties.tags.length).toBeLessThanOrEqual(20);
    }
    for (const { ruleId, ruleIndex, level, message, locations, partialFingerprints } of results) {
      expect(rules[ruleIndex]!.id).toBe(ruleId);
      expect(['note', 'warning', 'error']).toContain(level);
      expect(message.text).not.toBe('');
      expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:\d+$/);
      expect(locations).toHaveLength(1);
      expect(locations[0]!.physicalLocation.artifactLocation.uri).not.toMatch(/^\/|^[a-z][a-z0-9+.-]*:/i);
    }
  });

  it('describes each kind once, with its highest severity', () => {
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

  it('recognises a reworded finding, and tells different findings apart', () => {
    const print = (...findings: AuditFinding[]) =>
      run(...findings).results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
    const [one] = print(leak('a.so'));
    expect(print(leak('a.so', { message: 'other', hosts: [], severity: 'info' }))).toEqual([one]);
    expect(print(leak('a.so', { subject: '/usr/bin/b' }))).not.toEqual([one]);
    expect(new Set(print(leak('a.so'), leak('a.so', { message: 'other' }), leak('b.so'))).size).toBe(3);
  });

  it('does not turn names into links, and keeps its lines', () => {
    const [result] = run(leak('a.so', { message: hostile.cell })).results;
    expect(result!.message.text).not.toContain('](');
    expect(result!.message.text.split('\n')).toHaveLength(4);
  });

  it('states why a finding is accepted', () => {
    const [accepted, open] = run(leak('a.so', { accepted: 'foreseen' }), leak('b.so')).results;
    expect(accepted).toHaveProperty('suppressions', [{ kind: 'external', justification: 'foreseen' }]);
    expect(open).not.toHaveProperty('suppressions');
  });
});
