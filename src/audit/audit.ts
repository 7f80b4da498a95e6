import type { ExtensionType } from '../systemd/extension-type.ts';
import type { View } from '../view/view.ts';
import { aloneOf, hasSameSubjects } from './alone.ts';
import type { Evidence } from './check.ts';
import { checks, type Finding, findingKinds } from './checks.ts';
import { type Extension, readExtension, type Tree } from './extension.ts';
import { severities } from './finding.ts';
import { type Inside, insideOf } from './inside.ts';
import { type Host, hostOf, type Merge, merge } from './merge.ts';
import type { PolicyFinding } from './policy-findings.ts';
import { subjectsOf, takeInventory } from './subject.ts';

export type AuditFinding = (Finding | PolicyFinding) & {
  /** Labels of the affected hosts; empty if no host was given. */
  readonly hosts: readonly string[];
  /** Whether the extension’s manifest documents it; it is then an `info`. */
  readonly known: boolean;
  /** Why it is only an `info`: an allowance or the baseline accepts it. */
  readonly accepted?: string;
};

export interface AuditedExtension extends Pick<Extension, 'name' | 'claim'> {
  readonly type: ExtensionType;
  /** Numbers of ELF files, including static programs. */
  readonly programs: number;
  readonly objects: number;
}

export interface Audit {
  readonly extensions: readonly AuditedExtension[];
  /** Labels; empty if no host was given. What a host would provide is then unknown. */
  readonly hosts: readonly string[];
  /** The most severe first. */
  readonly findings: readonly AuditFinding[];
}

export interface AuditOptions {
  /** Whether the extension’s manifest documents the finding as something that stays open. */
  readonly isDocumented?: (finding: Finding) => boolean;
  /** The x86-64 level that every machine has; default: x86-64. */
  readonly level?: string | undefined;
  /** Whether each extension is audited by itself, as if it were the only one; default: all are merged together. */
  readonly each?: boolean | undefined;
  /** Is told before each stack of extensions that is audited over a host. */
  readonly onStack?: (
    names: readonly string[],
    at: { readonly number: number; readonly total: number },
  ) => void;
}

/**
 * The hosts of an audit, or a list of their views. The audit opens one after the other and keeps nothing of them but labels and
 * findings, so that its memory does not grow with their number.
 */
export type Hosts = Iterable<View> & { readonly length: number };

/** Audits extensions over each of the hosts. */
export function audit(trees: readonly Tree[], hosts: Hosts, options: AuditOptions = {}): Audit {
  const { isDocumented = () => false, level, each = false } = options;
  const extensions = trees.map(readExtension);
  const stacks = each ? extensions.map(extension => [extension]) : [extensions];
  const total = Math.max(hosts.length, 1) * stacks.length;
  const labels: string[] = [];
  const audited: AuditedExtension[] = [];
  const found = new Map<string, { readonly finding: Finding; readonly hosts: string[] }>();
  let number = 0;
  for (const view of hosts.length > 0 ? hosts : [undefined]) {
    const isFirst = number === 0;
    if (view) labels.push(view.label);
    const host = view && hostOf(view);
    for (const stack of stacks) {
      number++;
      options.onStack?.(
        stack.map(({ label }) => label),
        { number, total },
      );
      const gathered = gather(stack, host, level);
      if (isFirst) audited.push(...counted(gathered));
      const { outside, inside } = gathered;
      for (const observed of [...findings(outside), ...inside.flatMap(findingsInside)]) {
        const finding = labelled(observed, stack);
        const key = JSON.stringify(finding);
        const known = found.get(key) ?? { finding, hosts: [] };
        found.set(key, known);
        if (view) known.hosts.push(view.label);
      }
    }
  }
  return {
    extensions: audited,
    hosts: labels,
    findings: [...found.values()]
      .map(({ finding, hosts: where }) => judged(finding, where, isDocumented(finding)))
      .sort(worstFirst),
  };
}

/** A label replaces the name where each extension is audited by itself, and two have one name. */
function labelled(finding: Finding, [extension, ...others]: readonly Extension[]): Finding {
  return others.length > 0 || !extension || extension.label === extension.name
    ? finding
    : { ...finding, extension: extension.label };
}

function* findings(evidence: Evidence): Generator<Finding> {
  for (const { find } of checks) yield* find(evidence);
}

function findingsInside({ evidence, asOfTree }: Inside): Finding[] {
  return [...findings(evidence)].flatMap(finding => asOfTree(finding) ?? []);
}

function counted({ outside, inside }: Gathered): AuditedExtension[] {
  const all = [outside, ...inside.map(({ evidence }) => evidence)].flatMap(({ inventories }) => inventories);
  return outside.inventories.map(({ extension: { name, label, rules, claim } }) => {
    const own = all.filter(({ extension }) => extension.name === name && extension.rules === rules);
    const count = (of: 'programs' | 'objects') => own.reduce((sum, each) => sum + each[of].length, 0);
    return { name: label, type: rules.type, claim, programs: count('programs'), objects: count('objects') };
  });
}

function judged(finding: Finding, hosts: readonly string[], known: boolean): AuditFinding {
  return { ...finding, severity: known ? 'info' : finding.severity, hosts, known };
}

/** What is known about extensions over one host. */
interface Gathered {
  readonly outside: Evidence;
  /** Of the views of wrapped programs. */
  readonly inside: readonly Inside[];
}

function gather(
  extensions: readonly Extension[],
  host: Host | undefined,
  level: string | undefined,
): Gathered {
  const merged = merge(extensions, host);
  return {
    outside: { merge: merged, level, ...elfFilesOf(merged) },
    inside: extensions.flatMap(extension => insideOf(extension, merged, level) ?? []),
  };
}

function elfFilesOf(merged: Merge): Pick<Evidence, 'inventories' | 'subjects' | 'alone'> {
  const { extensions, sole, host } = merged;
  const alone = sole && host && aloneOf(sole, host);
  const inventories =
    alone?.evidence.inventories ?? extensions.map(extension => takeInventory(extension, merged));
  if (alone && hasSameSubjects(alone, host)) return { inventories, subjects: alone.evidence.subjects, alone };
  return { inventories, subjects: inventories.flatMap(inventory => subjectsOf(inventory, merged)) };
}

/** Kinds whose consequences concern the whole host. */
const HOST_WIDE: readonly string[] = ['shadowing/breaks-host', 'shadowing/host-libc'];

/**
 * Compares by severity; then what breaks the host comes first, then the order of kinds counts. Sorting is stable, so equal findings stay in the order of
 * discovery.
 */
export function worstFirst(a: AuditFinding, b: AuditFinding): number {
  const bySeverity = severities.indexOf(a.severity) - severities.indexOf(b.severity);
  const kinds: readonly string[] = [...HOST_WIDE, ...findingKinds];
  return bySeverity || kinds.indexOf(a.kind) - kinds.indexOf(b.kind);
}
