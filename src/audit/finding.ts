import type { Origin } from '../resolve/closure.ts';
import type { ExtensionType } from '../systemd/extension-type.ts';

/** The most severe first. An `info` is known and documented, or cannot be judged here. */
export const severities = ['error', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/**
 * Who provides a file of the merged view. The type is part of an extension's identity, because a sysext and a confext
 * may share a name. Hosts are not told apart, so that what is true on several hosts is one finding.
 */
export type Provider =
  | { readonly kind: 'extension'; readonly name: string; readonly type: ExtensionType }
  | { readonly kind: 'host' };

export function providerText(provider: Provider): string {
  if (provider.kind === 'host') return 'the host';
  return `the ${provider.type === 'confext' ? 'configuration extension' : 'extension'} ${provider.name}`;
}

/** One object in the chain from a program to the culprit. */
export interface ChainLink {
  /** As it was requested: a path for the program, then names from dynamic sections. */
  readonly name: string;
  /** Its real path in the merged view; `null` if nothing was found. */
  readonly path: string | null;
  readonly provider: Provider | null;
  /** The loader rule that found it; `null` for the program itself and for what was not found. */
  readonly origin: Origin | null;
}

/** The members that every finding has. Plain data, so that it can be printed as JSON. */
export interface FindingBase {
  /** Stable, for scripts, such as `leaks/host-library`. */
  readonly kind: string;
  readonly severity: Severity;
  /** The name of the extension at fault; of `policy/*` the file that contains the allowance. */
  readonly extension: string;
  /** `null` for `policy/*`. */
  readonly extensionType: ExtensionType | null;
  /** The affected file of the extension. Several files may share one culprit. */
  readonly subject: string;
  readonly alsoIn: readonly string[];
  readonly chain: readonly ChainLink[];
  /** The path, name or version that has to be dealt with. */
  readonly culprit: string;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it: a sentence, or a command. */
  readonly fix: string;
}

/** The explanation of a kind, in plain text. `flix audit --explain` prints it, and docs/findings contains it. */
export interface Page {
  readonly title: string;
  readonly means: string;
  readonly matters: string;
  readonly fix: string;
}
