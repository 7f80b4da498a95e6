import type { Check } from './check.ts';
import { hostInterpreter } from './checks/host-interpreter.ts';
import { hostLibrary } from './checks/host-library.ts';
import { missingInterpreter } from './checks/missing-interpreter.ts';
import { missingLibrary } from './checks/missing-library.ts';
import { missingSymbolVersion } from './checks/missing-symbol-version.ts';
import { openVariables } from './checks/open-variables.ts';
import { silentlyIgnored } from './checks/silently-ignored.ts';
import { unloadable } from './checks/unloadable.ts';
import type { Page } from './finding.ts';

/** Every kind of finding; in the order of a report where severities are equal. */
export const checks = [
  silentlyIgnored,
  missingInterpreter,
  missingLibrary,
  missingSymbolVersion,
  unloadable,
  hostInterpreter,
  hostLibrary,
  openVariables,
] as const;

type FindingOf<C> = C extends Check<infer F> ? F : never;
export type Finding = FindingOf<(typeof checks)[number]>;
export type FindingKind = Finding['kind'];

export const findingKinds: readonly FindingKind[] = checks.map(({ kind }) => kind);

export const pages: ReadonlyMap<string, Page> = new Map(checks.map(({ kind, page }) => [kind, page]));
