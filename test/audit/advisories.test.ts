import { describe, expect, it } from 'vitest';
import { advisoriesFor, readAdvisories, type SuspectPackage } from '../../src/audit/advisories.ts';
import { violations } from '../sbom/schema.ts';
import { compareVersions } from '../../src/packages/version-order.ts';

const openssl = (version: string): SuspectPackage => ({
  type: 'deb',
  name: 'libssl3',
  version,
  source: 'openssl',
  sourceVersion: version,
});

function osv(events: readonly object[], more: object = {}, ecosystem = 'Debian:12') {
  return {
    id: 'DSA-1',
    aliases: ['CVE-2024-1'],
    summary: 'a fault',
    affected: [{ package: { ecosystem, name: 'openssl' }, ranges: [{ type: 'ECOSYSTEM', events }], ...more }],
  };
}

function concerns(document: object, version: string, release: string | null = '12'): boolean {
  return (
    advisoriesFor(readAdvisories(JSON.stringify(document), 'x.json'), openssl(version), release ?? undefined)
      .length > 0
  );
}

describe('an advisory of OSV', () => {
  it('may be missing, because OSV answers a query without a result with an empty object', () => {
    expect(readAdvisories('{}', 'x.json')).toEqual([]);
  });

  it('concerns the versions between introduced and fixed, by the order of the distribution', () => {
    const record = osv([{ introduced: '3.0.1-1' }, { fixed: '3.0.11-1~deb12u2' }]);
    const affected = ['3.0.0-1', '3.0.1-1', '3.0.11-1~deb12u1', '3.0.11-1~deb12u2', '3.0.11-1'];
    expect(affected.filter(version => concerns(record, version))).toEqual(['3.0.1-1', '3.0.11-1~deb12u1']);
    expect(advisoriesFor(readAdvisories(JSON.stringify(record), ''), openssl('3.0.1-1'), '12')).toEqual([
      { id: 'DSA-1', aliases: ['CVE-2024-1'], summary: 'a fault', fixed: '3.0.11-1~deb12u2' },
    ]);
  });

  it('may have several ranges with a last affected version, and single versions, in any order', () => {
    const record = osv([{ fixed: '2' }, { introduced: '0' }, { last_affected: '4' }, { introduced: '3' }], {
      versions: ['7'],
    });
    expect(['1', '2', '3', '4', '4.1', '7'].filter(version => concerns(record, version))).toEqual([
      '1',
      '3',
      '4',
      '7',
    ]);
  });

  it('concerns only its release of its distribution', () => {
    const all = [{ introduced: '0' }];
    expect(concerns(osv(all), '1', '12')).toBe(true);
    expect(concerns(osv(all), '1', '13')).toBe(false);
    expect(concerns(osv(all), '1', null)).toBe(false);
    expect(concerns(osv(all, {}, 'Debian'), '1', '13')).toBe(true);
    expect(concerns(osv(all, {}, 'Ubuntu:22.04:LTS'), '1', '22.04')).toBe(true);
    expect(concerns(osv(all, {}, 'Alpine:v3.20'), '1', '3.20.1')).toBe(false);
    expect(concerns(osv(all, {}, 'PyPI'), '1', '12')).toBe(false);
  });

  it('may be in a list or in the answer of a query, and does not count once it is withdrawn', () => {
    const record = osv([{ introduced: '0' }]);
    for (const document of [[record], { vulns: [record] }]) expect(concerns(document, '1')).toBe(true);
    expect(concerns({ ...record, withdrawn: '2024-01-01T00:00:00Z' }, '1')).toBe(false);
  });
});

describe('a vulnerability of CycloneDX', () => {
  const vex = (state: string | undefined, affects: object) => ({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    components: [
      {
        type: 'application',
        name: 'app',
        components: [
          {
            type: 'library',
            name: 'openssl',
            version: '3.0.1-1',
            'bom-ref': 'a',
            purl: 'pkg:deb/debian/openssl@3.0.1-1?arch=source',
          },
        ],
      },
    ],
    vulnerabilities: [
      { id: 'CVE-2024-1', description: 'a fault', ...(state && { analysis: { state } }), affects: [affects] },
    ],
  });

  it('follows the official schema in these tests', () => {
    const versions = [{ version: '9', status: 'affected' }, { range: 'vers:deb/>=1.0|<2.0' }];
    expect(violations(JSON.stringify(vex('exploitable', { ref: 'a', versions })))).toEqual([]);
  });

  it('concerns the component of its reference, by a name, a package URL or a link to another document', () => {
    const references = [
      'a',
      'pkg:deb/debian/openssl@3.0.1-1',
      'urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Adeb%2Fdebian%2Fopenssl%403.0.1-1',
    ];
    for (const ref of references) {
      expect(concerns(vex(undefined, { ref }), '3.0.1-1')).toBe(true);
      expect(concerns(vex(undefined, { ref }), '3.0.2-1')).toBe(false);
    }
    expect(concerns(vex(undefined, { ref: 'b' }), '3.0.1-1')).toBe(false);
  });

  it('does not matter once its analysis says so', () => {
    const states = ['exploitable', 'in_triage', 'not_affected', 'false_positive', 'resolved'];
    expect(states.filter(state => concerns(vex(state, { ref: 'a' }), '3.0.1-1'))).toEqual([
      'exploitable',
      'in_triage',
    ]);
  });

  it('may name versions and ranges', () => {
    const versions = [
      { version: '9', status: 'affected' },
      { version: '8', status: 'unaffected' },
      { range: 'vers:deb/>=1.0|<2.0|!=1.5|>3.0' },
    ];
    const tried = ['0.9', '1.0', '1.5', '1.9~rc1', '2.0', '3.0', '3.1', '8', '9'];
    const affected = tried.filter(version => concerns(vex(undefined, { ref: 'a', versions }), version));
    expect(affected).toEqual(tried.filter(version => ['1.0', '1.9~rc1', '3.1', '8', '9'].includes(version)));
    expect(compareVersions('deb', '1.9~rc1', '2.0')).toBeLessThan(0);
  });
});

it('refuses other documents', () => {
  for (const text of ['', '[1]', '{"vulns": 1}', '{"id": 1}', '"x"', '{"other": 1}'])
    expect(() => readAdvisories(text, 'x.json'), text).toThrow('x.json');
});
