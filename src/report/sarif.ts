import { createHash } from 'node:crypto';
import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import { identityOf } from '../audit/identity.ts';
import { printable } from '../printable.ts';
import { chainText, severityNames } from './findings.ts';
import { findingPage } from './findings-page.ts';
import { grouped } from './grouped.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** GitHub refuses a run with more results (“SARIF results exceed one or more limits”). */
const MAX_RESULTS = 25_000;

/**
 * Returns findings as SARIF 2.1.0, limited to what GitHub's code scanning reads. If there are more findings than GitHub
 * accepts, the most severe ones are kept, and the run states how many were left out.
 * @param pages explanations by kind
 * @param version of this program
 */
export function sarif({ findings: all }: Audit, pages: ReadonlyMap<string, Page>, version: string) {
  const findings = all.slice(0, MAX_RESULTS);
  const leftOut = all.length - findings.length;
  const byKind = grouped(findings, ({ kind }) => kind);
  const kinds = [...byKind.keys()];
  const fingerprint = fingerprints();
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'flix',
            version,
            rules: [...byKind].map(([kind, alike]) => rule(kind, pages.get(kind)!, alike[0]!)),
          },
        },
        columnKind: 'utf16CodeUnits',
        ...(leftOut > 0 && { properties: { leftOut } }),
        results: findings.map(finding => result(finding, kinds.indexOf(finding.kind), fingerprint(finding))),
      },
    ],
  };
}

function result(finding: AuditFinding, ruleIndex: number, fingerprint: string) {
  const { kind, severity, extension, extensionType, hosts, culprit, alsoIn, known } = finding;
  return {
    ruleId: kind,
    ruleIndex,
    level: severityNames[severity],
    message: { text: unlinked(resultText(finding)) },
    locations: [location(finding)],
    partialFingerprints: { primaryLocationLineHash: fingerprint },
    ...suppressed(finding),
    properties: { extension, extensionType, hosts, culprit, alsoIn, known },
  };
}

/** @param worst the first finding of the kind; findings are sorted, so it is the most severe one */
function rule(kind: string, page: Page, worst: AuditFinding) {
  return {
    id: kind,
    shortDescription: { text: page.title },
    fullDescription: { text: page.means },
    help: {
      text: [page.means, page.matters, page.fix].join('\n\n'),
      markdown: findingPage(kind, page),
    },
    defaultConfiguration: { level: severityNames[worst.severity] },
    properties: { tags: [kind.split('/', 1)[0]!] },
  };
}

function resultText({ extension, message, chain, fix, hosts }: AuditFinding): string {
  const way = chain.length > 1 ? [`Chain: ${chainText(chain)}`] : [];
  const where = hosts.length > 0 ? [`Hosts: ${hosts.map(printable).join(', ')}`] : [];
  return [`${printable(extension)}: ${printable(message)}`, ...way, ...where, `Fix: ${printable(fix)}`].join(
    '\n',
  );
}

/** Keeps a name from a root from becoming a link (SARIF 2.1.0, 3.11.6). */
function unlinked(text: string): string {
  return text.replaceAll('](', '] (');
}

/** GitHub requires a complete region, even for a file without lines (rule GH1003 of Microsoft's validator). */
function location({ subject, extension }: AuditFinding) {
  const uri = relativeUri(subject) || relativeUri(extension) || 'extension';
  const region = { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 };
  return { physicalLocation: { artifactLocation: { uri }, region } };
}

function relativeUri(path: string): string {
  const elements = path.split('/').filter(element => !['', '.', '..'].includes(element));
  // a lone surrogate, which a name in a manifest may contain, has no encoding
  return elements.map(element => encodeURIComponent(element.replace(/\p{Cs}/gu, '\ufffd'))).join('/');
}

/**
 * GitHub treats two results with the same fingerprint as one, so neither wording nor hosts are part of it. Findings
 * with the same identity are numbered, as CodeQL does.
 */
function fingerprints(): (finding: AuditFinding) => string {
  const counts = new Map<string, number>();
  return finding => {
    const hash = createHash('sha256').update(identityOf(finding)).digest('hex').slice(0, 16);
    const number = (counts.get(hash) ?? 0) + 1;
    counts.set(hash, number);
    return `${hash}:${number}`;
  };
}

function suppressed({ accepted }: AuditFinding) {
  return accepted === undefined ? {} : { suppressions: [{ kind: 'external', justification: accepted }] };
}
