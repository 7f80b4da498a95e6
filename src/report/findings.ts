import type { Audit, AuditFinding } from '../audit/audit.ts';
import { type ChainLink, severities, type Severity } from '../audit/finding.ts';
import { printable } from '../printable.ts';
import { grouped } from './grouped.ts';
import { count } from './numbers.ts';
import { originText } from './origin.ts';

/** What people read for a severity: an `info` is a note. */
export const severityNames: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** Returns text such as `2 errors, 1 note`, or `no findings`. */
export function tally(findings: readonly AuditFinding[]): string {
  const parts = Object.entries(severityNames).flatMap(([each, name]) => {
    const number = findings.filter(({ severity }) => severity === each).length;
    return number > 0 ? [count(number, name)] : [];
  });
  return parts.join(', ') || 'no findings';
}

/** Returns text such as `/usr/bin/app → libz.so.1 (cache)`. */
export function chainText(chain: readonly ChainLink[]): string {
  const last = chain.at(-1);
  const end = last && (last.path === null ? 'not found' : last.origin && originText(last.origin));
  return chain.map(({ name }) => printable(name)).join(' → ') + (end ? ` (${end})` : '');
}

/** Groups the findings of one severity and kind, the most severe first. */
export function byKind(findings: readonly AuditFinding[]): AuditFinding[][] {
  return [...grouped(findings, ({ severity, kind }) => `${severity} ${kind}`).values()];
}

/**
 * Groups findings of one severity and kind that are about the same file of the same extension. Findings with the same
 * culprit, which differ between hosts, stay apart.
 */
export function byObject(findings: readonly AuditFinding[]): AuditFinding[][] {
  const key = ({ extension, extensionType, subject }: AuditFinding) =>
    [extensionType, extension, subject].join('\0');
  return [...grouped(findings, key).values()].flatMap(group =>
    new Set(group.map(({ culprit }) => culprit)).size > 1 ? [group] : group.map(finding => [finding]),
  );
}

/** Returns the names of what has to be dealt with, each once, without the directories of paths. */
export function culpritNames(findings: readonly AuditFinding[]): string[] {
  const names = findings.map(({ culprit }) =>
    culprit.startsWith('/') ? culprit.slice(culprit.lastIndexOf('/') + 1) : culprit,
  );
  return [...new Set(names)];
}

/** How many names a text lists before it only gives their number. */
const MAX_NAMES = 8;

/** Returns text such as `a, b and 7 more`. */
export function someNames(names: readonly string[], most = MAX_NAMES): string {
  const shown = names.length === most + 1 ? names : names.slice(0, most);
  const left = names.length - shown.length;
  return shown.map(name => printable(name)).join(', ') + (left > 0 ? ` and ${left} more` : '');
}

/** Returns what the extensions do to the whole host, such as `700 programs of the host fail`; `undefined`: nothing. */
export function hostConsequence(findings: readonly AuditFinding[]): string | undefined {
  const broken = new Set(
    findings.flatMap(finding => (finding.kind === 'shadowing/breaks-host' ? finding.broken : [])),
  );
  if (broken.size === 0) return undefined;
  return `${count(broken.size, 'program or plugin', 'programs and plugins')} of the host ${broken.size === 1 ? 'fails' : 'fail'}`;
}

/** The findings of one extension on one host. */
interface MatrixCell {
  /** `undefined` if there are none. */
  readonly worst: Severity | undefined;
  readonly tally: string;
}

interface MatrixRow {
  readonly extension: string;
  /** The name, with the type where another extension has the same name. */
  readonly name: string;
  /** One for each column. */
  readonly cells: readonly MatrixCell[];
}

/** Which extension has how many findings on which host. */
export interface Matrix {
  /** The labels of the hosts, or `no host`. */
  readonly columns: readonly string[];
  readonly rows: readonly MatrixRow[];
}

export function matrixOf({ extensions, hosts, findings }: Audit): Matrix {
  const known: AuditedName[] = extensions.map(({ name, type }) => ({ name, type }));
  const others = findings
    .filter(finding => !known.some(extension => isAbout(finding, extension)))
    .map(({ extension: name, extensionType: type }) => ({ name, type }));
  const subjects = [...grouped([...known, ...others], ({ name, type }) => `${type} ${name}`).values()];
  const rows = subjects.map(([subject]) => {
    const own = findings.filter(finding => isAbout(finding, subject!));
    const cells =
      hosts.length === 0
        ? [cellOf(own)]
        : hosts.map(host => cellOf(own.filter(({ hosts: on }) => on.length === 0 || on.includes(host))));
    return { extension: subject!.name, name: nameOf(subject!, known), cells };
  });
  return { columns: hosts.length === 0 ? ['no host'] : hosts, rows };
}

interface AuditedName {
  readonly name: string;
  readonly type: AuditFinding['extensionType'];
}

function isAbout({ extension, extensionType }: AuditFinding, { name, type }: AuditedName): boolean {
  return extension === name && extensionType === type;
}

/** Adds the type of a configuration extension whose name is that of a system extension as well. */
function nameOf({ name, type }: AuditedName, all: readonly AuditedName[]): string {
  return type === 'confext' && all.some(other => other.name === name && other.type !== type)
    ? `${name} (confext)`
    : name;
}

function cellOf(findings: readonly AuditFinding[]): MatrixCell {
  const worst = severities.find(severity => findings.some(finding => finding.severity === severity));
  return { worst, tally: tally(findings) };
}
