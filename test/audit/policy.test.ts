import { afterAll, describe, expect, it } from 'vitest';
import { type Allowance, withPolicy } from '../../src/audit/policy.ts';
import { auditOf, extension, host, program, removeRoots } from './world.ts';

afterAll(removeRoots);

const found = auditOf({
  extensions: {
    app: extension('app', {
      '/usr/bin/app': program({ needed: ['libc.so.6', 'libgone.so.1'] }),
      '/usr/bin/sh': { text: 'other' },
    }),
  },
  hosts: { debian: host() },
});
const severityOf = (kind: string, audit = found) =>
  audit.findings.find(finding => finding.kind === kind)?.severity;

const under = (allow: readonly Partial<Allowance>[], today = '2027-01-01') =>
  withPolicy(
    found,
    {
      file: 'flix.json',
      baseline: [],
      allow: allow.map(one => ({ finding: '**', reason: 'because', until: '2027-01-01', ...one })),
    },
    today,
  );

describe('an allowance', () => {
  it('turns exactly the findings that it matches into notes with its reason', () => {
    const audit = under([{ finding: 'missing/*' }]);
    expect(severityOf('missing/library')).toBe('error');
    const allowed = audit.findings.find(({ kind }) => kind === 'missing/library');
    expect(allowed).toMatchObject({ severity: 'info', accepted: 'because; until 2027-01-01' });
    expect(severityOf('shadowing/host-file', audit)).toBe(severityOf('shadowing/host-file'));
  });

  it.each<[string, Partial<Allowance>, boolean]>([
    ['the file', { path: '/usr/bin/*' }, true],
    ['the culprit', { path: 'libgone.so.?' }, true],
    ['any directory', { path: '/usr/**' }, true],
    ['no slash with one star', { path: '/*/app' }, false],
    ['no dot with a dot', { path: 'libgone?so.2' }, false],
    ['the extension', { extension: 'a*' }, true],
    ['another extension', { extension: 'b*' }, false],
    ['another kind', { finding: 'missing/symbol' }, false],
  ])('matches by %s', (_, allowance, fits) => {
    const audit = under([{ finding: 'missing/library', ...allowance }]);
    expect(severityOf('missing/library', audit)).toBe(fits ? 'info' : 'error');
    expect(audit.findings.some(({ kind }) => kind === 'policy/unused-allowance')).toBe(!fits);
  });

  it('is valid on its last day, and a finding on the next day', () => {
    expect(severityOf('missing/library', under([{}], '2027-01-01'))).toBe('info');
    const expired = under([{}], '2027-01-02');
    expect(severityOf('missing/library', expired)).toBe('error');
    expect(severityOf('policy/expired-allowance', expired)).toBe('warning');
    expect(severityOf('policy/unused-allowance', expired)).toBeUndefined();
  });
});

describe('a baseline', () => {
  it('turns known findings into notes, and reports new ones', () => {
    const [first] = found.findings;
    const audit = withPolicy(found, { file: '', allow: [], baseline: [first!] }, '2027-01-01');
    expect(audit.findings.filter(({ accepted }) => accepted === 'in the baseline')).toEqual([
      { ...first, severity: 'info', accepted: 'in the baseline' },
    ]);
    expect(audit.findings).toHaveLength(found.findings.length);
  });
});
