import { compileGlob } from '../glob.ts';
import { type Audit, type AuditFinding, worstFirst } from './audit.ts';
import { type Identity, identityOf } from './identity.ts';
import type { PolicyFinding } from './policy-findings.ts';

/** An entry of “allow”: accepts findings for a reason, until a day. */
export interface Allowance {
  /** A glob of kinds, such as `shadowing/*`. */
  readonly finding: string;
  /** A glob that the affected file or the culprit matches; default: any. */
  readonly path?: string;
  /** A glob of extension names; default: any. */
  readonly extension?: string;
  readonly reason: string;
  /** The last day on which it is valid, such as `2027-03-31`. */
  readonly until: string;
}

export interface Policy {
  readonly allow: readonly Allowance[];
  /** The file that contains the allowances, for messages. */
  readonly file: string;
  /** The findings that the baseline accepts. */
  readonly baseline: readonly Identity[];
}

/**
 * Turns findings that an allowance or the baseline accepts into infos, and adds a finding for each allowance that is
 * expired or matches nothing.
 * @param today such as `2027-01-31`
 */
export function withPolicy(audit: Audit, policy: Policy, today: string): Audit {
  const used = new Set<Allowance>();
  const baseline = new Set(policy.baseline.map(identityOf));
  const findings = audit.findings.map(finding => {
    const allowances = policy.allow.filter(allowance => fits(allowance, finding));
    for (const allowance of allowances) used.add(allowance);
    const valid = allowances.find(({ until }) => until >= today);
    if (valid) return accepted(finding, `${valid.reason}; until ${valid.until}`);
    return baseline.has(identityOf(finding)) ? accepted(finding, 'in the baseline') : finding;
  });
  const faults = policy.allow.flatMap(allowance => fault(allowance, used.has(allowance), policy.file, today));
  return { ...audit, findings: [...findings, ...faults].sort(worstFirst) };
}

function accepted(finding: AuditFinding, reason: string): AuditFinding {
  return { ...finding, severity: 'info', accepted: reason };
}

function fits({ finding: kinds, path, extension }: Allowance, finding: AuditFinding): boolean {
  return (
    matches(kinds, finding.kind) &&
    (extension === undefined || matches(extension, finding.extension)) &&
    (path === undefined || matches(path, finding.subject) || matches(path, finding.culprit))
  );
}

function fault(allowance: Allowance, isUsed: boolean, file: string, today: string): AuditFinding[] {
  const { finding, path, until } = allowance;
  const what = path === undefined ? finding : `${finding} at ${path}`;
  const one = (kind: PolicyFinding['kind'], message: string, fix: string): AuditFinding[] => [
    {
      kind,
      severity: 'warning',
      extension: file,
      extensionType: null,
      subject: file,
      alsoIn: [],
      chain: [],
      culprit: what,
      message,
      fix,
      hosts: [],
      known: false,
    },
  ];
  if (until < today)
    return one(
      'policy/expired-allowance',
      `${what} was allowed until ${until}`,
      'Fix the cause and remove the entry, or give it a new date.',
    );
  if (isUsed) return [];
  return one(
    'policy/unused-allowance',
    `${what} is allowed, but there is no such finding`,
    'Remove the entry.',
  );
}

/** `*` and `?` stop at a slash, `**` does not. */
function matches(glob: string, text: string): boolean {
  return compileGlob(glob, { pathname: true })(text);
}
