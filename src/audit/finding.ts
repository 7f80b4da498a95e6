import type { Origin } from '../resolve/closure.ts';

/** From the worst to the least. An `info` is known and named, or cannot be judged here. */
export const severities = ['error', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/** Who brings a file into the merged view. Which host is not said, so that what holds on several is one finding. */
export type Provider = { readonly kind: 'extension'; readonly name: string } | { readonly kind: 'host' };

export function providerText(provider: Provider): string {
  return provider.kind === 'host' ? 'the host' : `the extension ${provider.name}`;
}

/** One object on the way from a program to the culprit. */
export interface Step {
  /** As it was asked for: a path for the program, then names of the dynamic table. */
  readonly name: string;
  /** Its real path in the merged view; `null`: nothing was found. */
  readonly path: string | null;
  readonly provider: Provider | null;
  /** The loader's rule that led to it; `null` for the program itself and for what was not found. */
  readonly origin: Origin | null;
}

/** What every finding says. Plain data: it can be printed as JSON. */
export interface FindingBase {
  /** Stable, for scripts: `leaks/host-library`. */
  readonly kind: string;
  readonly severity: Severity;
  /** The extension that is at fault. */
  readonly extension: string;
  /** The file of the extension in which it shows; several may share one culprit. */
  readonly subject: string;
  readonly alsoIn: readonly string[];
  readonly chain: readonly Step[];
  /** The path, name or version that has to be dealt with. One culprit of an extension is one finding of its kind. */
  readonly culprit: string;
  /** One sentence: what is so. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** The explanation of a kind, in plain text; `flix audit --explain` and docs/findings print it. */
export interface Page {
  readonly title: string;
  readonly means: string;
  readonly matters: string;
  readonly fix: string;
}
