import type { ExtensionType } from '../systemd/extension-type.ts';
import { mergedExtensions } from '../systemd/merged-extensions.ts';
import type { View } from '../view/view.ts';
import type { Audit, AuditedExtension, AuditFinding } from './audit.ts';
import type { FindingKind } from './checks.ts';
import { likelyType, type Tree } from './extension.ts';
import { severities, type Severity } from './finding.ts';
import { newFindings } from './identity.ts';

/** What an update of the host would do to the installed extensions. */
export interface Gate {
  /** Labels of the host today and after the update. */
  readonly today: string;
  readonly next: string;
  readonly extensions: readonly AuditedExtension[];
  /** Findings that are new or more severe after the update. */
  readonly findings: readonly AuditFinding[];
  /** For each extension that the update would break, the versions in a feed; empty if no feed was given. */
  readonly answers: readonly FeedAnswer[];
}

export interface FeedAnswer {
  readonly extension: string;
  readonly extensionType: ExtensionType;
  /** The newest version that works after the update; `null` if none does. */
  readonly fits: string | null;
  /** The newest first. */
  readonly tried: readonly { readonly version: string; readonly findings: readonly AuditFinding[] }[];
}

export interface FeedVersion {
  readonly version: string;
  readonly open: (use: (tree: Tree) => void) => Promise<void>;
}

export interface GateOptions {
  /** Audits extensions over a host, with the policy applied. */
  readonly auditOver: (trees: readonly Tree[], host: View) => Audit;
  /** The lowest severity that counts as broken. */
  readonly failOn: Severity;
  /** The versions of an extension in the feed, the newest first. */
  readonly versionsOf: (extension: string) => readonly FeedVersion[];
}

/** Kinds that compare an extension with the host’s own files, which those of a merged extension hide. */
const COMPARING: ReadonlySet<string> = new Set([
  'shadowing/host-file',
  'shadowing/host-library',
  'shadowing/host-libc',
  'shadowing/unique-index',
  'layout/replaced-directory',
  'layout/merged-directory',
  'layout/opaque-directory',
] satisfies FindingKind[]);

function unknownToday(finding: AuditFinding, { label }: View): AuditFinding {
  const message = `${finding.message} (${label} has merged ${finding.extension} already, so this may be so today)`;
  return { ...finding, severity: 'info', message };
}

export async function updateGate(
  trees: readonly Tree[],
  today: View,
  next: View,
  { auditOver, failOn, versionsOf }: GateOptions,
): Promise<Gate> {
  const before = auditOver(trees, today).findings;
  const after = auditOver(trees, next);
  const merged = new Set(
    trees
      .filter(({ name, view }) => mergedExtensions(today, likelyType(view)).has(name))
      .map(({ name }) => name),
  );
  const added = (found: readonly AuditFinding[]) =>
    newFindings(before, found).map(finding =>
      merged.has(finding.extension) && COMPARING.has(finding.kind) ? unknownToday(finding, today) : finding,
    );
  const findings = added(after.findings);
  const answers: FeedAnswer[] = [];
  for (const tree of trees) {
    const versions = findings.some(finding => breaks(finding, tree)) ? versionsOf(tree.name) : [];
    if (versions.length > 0) answers.push(await answerFor(tree, versions));
  }
  const { extensions } = after;
  return { today: today.label, next: next.label, extensions, findings, answers };

  function breaks({ severity, extension, extensionType }: AuditFinding, { name, view }: Tree): boolean {
    const isBad = severities.indexOf(severity) <= severities.indexOf(failOn);
    return isBad && extension === name && extensionType === likelyType(view);
  }

  async function answerFor(installed: Tree, versions: readonly FeedVersion[]): Promise<FeedAnswer> {
    const { name: extension } = installed;
    const extensionType = likelyType(installed.view);
    const tried: { version: string; findings: AuditFinding[] }[] = [];
    for (const { version, open } of versions) {
      let left: AuditFinding[] | undefined;
      await open(tree => {
        // a feed may have the other type under the same name
        if (likelyType(tree.view) !== extensionType) return;
        const replacement = { ...tree, name: extension, placed: installed.placed };
        const stack = trees.map(other => (other === installed ? replacement : other));
        left = added(auditOver(stack, next).findings).filter(finding => breaks(finding, replacement));
      });
      if (!left) continue;
      tried.push({ version, findings: left });
      if (left.length === 0) return { extension, extensionType, fits: version, tried };
    }
    return { extension, extensionType, fits: null, tried };
  }
}
