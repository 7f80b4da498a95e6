import type { Extension } from './extension.ts';
import { type FindingBase, type Page, severities, type Severity } from './finding.ts';
import type { Merge } from './merge.ts';
import { selectShown, type ShownEntry } from './shown-entries.ts';
import type { Inventory, Subject } from './subject.ts';

/** Everything that a check may look at. */
export interface Evidence {
  readonly merge: Merge;
  readonly inventories: readonly Inventory[];
  readonly subjects: readonly Subject[];
  /** The x86-64 level that every target machine has, such as `x86-64-v2`. */
  readonly level: string | undefined;
  /** Present if the subjects are those of an extension without a host, because this host changes nothing of them. */
  readonly alone?: Alone | undefined;
}

/** What loaders find in an extension without a host. */
export interface Alone {
  readonly evidence: Evidence;
  /** The paths at which an entry of a host might change what was found. A check that looks further adds to them. */
  readonly asked: readonly string[];
  /** How many paths, at the beginning of `asked`, the subjects depend on. */
  readonly ofSubjects: number;
}

/** What a check saw. `defineCheck` makes a finding of it. */
export type Observation = Pick<FindingBase, 'subject' | 'message' | 'fix'> &
  Partial<Pick<FindingBase, 'alsoIn' | 'chain'>> & {
    /** The extension at fault. */
    readonly extension: Extension;
    /** Default: `warning`. */
    readonly severity?: Severity;
    /** Default: the subject. */
    readonly culprit?: string;
  };

/** A finding of one kind; `O` may have members beside those of an `Observation`. */
export type FindingFrom<K extends string, O> = FindingBase & { readonly kind: K } & Omit<
    O,
    keyof Observation
  >;

/** One kind of finding: how it is found, and what it means. */
export interface Check<K extends string, O> {
  readonly kind: K;
  readonly page: Page;
  readonly find: (evidence: Evidence) => Iterable<FindingFrom<K, O>>;
}

export function defineCheck<K extends string, O extends Observation>(
  kind: K,
  page: Page,
  find: (evidence: Evidence) => Iterable<O>,
): Check<K, O> {
  return { kind, page, find: findingsFrom };

  function* findingsFrom(evidence: Evidence): Generator<FindingFrom<K, O>> {
    for (const observed of find(evidence)) {
      const { extension, subject, message, fix, ...given } = observed;
      const { severity = 'warning', alsoIn = [], chain = [], culprit = subject, ...own } = given;
      const { name, rules } = extension;
      const common = { kind, severity, extension: name, extensionType: rules.type };
      // the rest is what the type says, which the compiler cannot see
      yield { ...common, subject, alsoIn, chain, culprit, ...own, message, fix } as unknown as FindingFrom<
        K,
        O
      >;
    }
  }
}

/** Defines a check that judges each visible entry of each extension by itself. */
export function defineEntryCheck<K extends string, O extends Omit<Observation, 'extension' | 'subject'>>(
  kind: K,
  page: Page,
  judge: (entry: ShownEntry, merge: Merge) => O | undefined,
): Check<K, O & Pick<Observation, 'extension' | 'subject'>> {
  const observed = selectShown((entry, merge) => {
    const judged = judge(entry, merge);
    return judged && { extension: entry.extension, subject: entry.path, ...judged };
  });
  return defineCheck(kind, page, ({ merge }) => gathered(observed(merge)));
}

/**
 * Joins observations of one extension with one culprit: the first of the most severe remains, and names the subjects of
 * the others in `alsoIn`.
 */
export function gathered<O extends Observation>(observations: Iterable<O>): O[] {
  const first = new Map<string, O>();
  for (const observed of observations) {
    const { extension, culprit = observed.subject } = observed;
    const key = [extension.rules.type, extension.name, culprit].join('\0');
    const known = first.get(key);
    first.set(key, known ? joined(known, observed) : observed);
  }
  return [...first.values()];
}

function joined<O extends Observation>(one: O, other: O): O {
  const [kept, added] = rank(other) < rank(one) ? [other, one] : [one, other];
  const all = [...(kept.alsoIn ?? []), added.subject, ...(added.alsoIn ?? [])];
  return { ...kept, alsoIn: [...new Set(all.filter(path => path !== kept.subject))] };
}

function rank({ severity = 'warning' }: Observation): number {
  return severities.indexOf(severity);
}
