import type { View } from '../view/view.ts';
import type { Audit, AuditedExtension, AuditFinding } from './audit.ts';
import type { Tree } from './extension.ts';
import { severities, type Severity } from './finding.ts';
import { newFindings } from './identity.ts';

/** What an update of the host would do to extensions that are installed. */
export interface Gate {
  /** Labels of the host as it is, and as it will be. */
  readonly today: string;
  readonly next: string;
  readonly extensions: readonly AuditedExtension[];
  /** What is not so today, or is worse then. */
  readonly findings: readonly AuditFinding[];
  /** For each extension that would suffer what a feed has for it; empty: no feed was given. */
  readonly answers: readonly FeedAnswer[];
}

export interface FeedAnswer {
  readonly extension: string;
  /** The newest version that does not suffer; `null`: none. */
  readonly fits: string | null;
  /** The newest first. */
  readonly tried: readonly { readonly version: string; readonly findings: readonly AuditFinding[] }[];
}

/** A version in a feed. */
export interface Candidate {
  readonly version: string;
  readonly open: (use: (tree: Tree) => void) => Promise<void>;
}

export interface GateOptions {
  /** An audit of these over a host, with whatever policy holds. */
  readonly auditOver: (trees: readonly Tree[], host: View) => Audit;
  /** How bad is too bad. */
  readonly failOn: Severity;
  /** Of an extension, the newest first. */
  readonly candidates: (extension: string) => readonly Candidate[];
}

export async function updateGate(
  trees: readonly Tree[],
  today: View,
  next: View,
  { auditOver, failOn, candidates }: GateOptions,
): Promise<Gate> {
  const before = auditOver(trees, today).findings;
  const after = auditOver(trees, next);
  const findings = newFindings(before, after.findings);
  const suffering = new Set(findings.filter(bad).map(({ extension }) => extension));
  const answers: FeedAnswer[] = [];
  for (const { name } of trees) {
    const versions = suffering.has(name) ? candidates(name) : [];
    if (versions.length > 0) answers.push(await answerFor(name, versions));
  }
  const { extensions } = after;
  return { today: today.label, next: next.label, extensions, findings, answers };

  function bad({ severity }: AuditFinding): boolean {
    return severities.indexOf(severity) <= severities.indexOf(failOn);
  }

  async function answerFor(extension: string, versions: readonly Candidate[]): Promise<FeedAnswer> {
    const tried: { version: string; findings: AuditFinding[] }[] = [];
    for (const { version, open } of versions) {
      let left: AuditFinding[] = [];
      await open(tree => {
        const stack = trees.map(other => (other.name === extension ? { ...tree, name: extension } : other));
        left = newFindings(before, auditOver(stack, next).findings).filter(
          finding => finding.extension === extension && bad(finding),
        );
      });
      tried.push({ version, findings: left });
      if (left.length === 0) return { extension, fits: version, tried };
    }
    return { extension, fits: null, tried };
  }
}
