import type { Check } from './check.ts';
import { activation } from './checks/activation.ts';
import { broken } from './checks/broken.ts';
import { collisions } from './checks/collisions.ts';
import { labels } from './checks/labels.ts';
import { layout } from './checks/layout.ts';
import { leaks } from './checks/leaks.ts';
import { metadata } from './checks/metadata.ts';
import { missing } from './checks/missing.ts';
import { promises } from './checks/promises.ts';
import { shadowing } from './checks/shadowing.ts';
import { trust } from './checks/trust.ts';
import type { Page } from './finding.ts';
import { policyPages } from './policy-findings.ts';

/** Every kind of finding, family by family; in the order of a report where severities are equal. */
export const checks = [
  ...metadata,
  ...trust,
  ...promises,
  ...shadowing,
  ...missing,
  ...broken,
  ...leaks,
  ...collisions,
  ...layout,
  ...activation,
  ...labels,
] as const;

type FindingOf<C> = C extends Check<infer F> ? F : never;
export type Finding = FindingOf<(typeof checks)[number]>;
export type FindingKind = Finding['kind'];

export const findingKinds: readonly FindingKind[] = checks.map(({ kind }) => kind);

export const pages: ReadonlyMap<string, Page> = new Map([
  ...checks.map(({ kind, page }): [string, Page] => [kind, page]),
  ...Object.entries(policyPages),
]);
