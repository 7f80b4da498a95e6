import { FlixError } from '../../errors.ts';
import type { ManifestHost, Remark } from '../../manifest/manifest.ts';
import { bindingLines, bindingToRelease, commonBinding, systemdDecision } from '../../systemd/decision.ts';
import { releasePath } from '../../systemd/extension-release.ts';
import { extensionRules } from '../../systemd/extension-type.ts';
import { parseAssignments } from '../../view/os-release.ts';
import { readText } from '../../view/text.ts';
import type { Claims } from '../claims.ts';
import { type Host, listOf } from './host.ts';

/** On which hosts systemd is to accept a tree. */
export interface Claim {
  /** The lines of the release file that say it. */
  readonly lines: readonly string[];
  /** Whether systemd accepts the tree on all of the hosts with these lines. */
  readonly isComplete: boolean;
}

const rules = extensionRules.sysext;

/** Throws `FlixError` `hosts-differ` for hosts of different distributions: no claim covers two values of `ID=`. */
export function refuseDifferentIds(hosts: readonly Host[]): void {
  const ids = [...new Set(hosts.map(({ release }) => release.get('ID') ?? ''))].sort();
  if (ids.length > 1)
    throw new FlixError(
      'input',
      'hosts-differ',
      `the hosts are of different distributions (ID=${ids.join(', ID=')}), and an extension names only one ID=`,
      'Add --per-host, which makes a tree for each release.',
    );
}

/**
 * Returns the loosest claim that covers the hosts. Hosts of several releases without a common SYSEXT_LEVEL= have none:
 * the tree then says only their `ID=`, with which systemd merges it nowhere until an image adds the release.
 *
 * @param usesHost whether the tree takes anything from the host
 * @param perHost `one release`: other releases have trees of their own, so the claim must fit no other release, even one
 * with the same level
 */
export function claimOf(hosts: readonly Host[], usesHost: boolean, perHost?: ManifestHost['perHost']): Claim {
  const [first] = hosts;
  if (first && perHost === 'one release')
    return { lines: bindingLines(bindingToRelease(first.release, rules), rules), isComplete: true };
  if (!usesHost) return { lines: ['ID=_any'], isComplete: true };
  const releases = hosts.map(({ release }) => release);
  const binding = commonBinding(releases, rules);
  const lines = bindingLines(binding ?? { id: releases[0]?.get('ID') ?? '' }, rules);
  return { lines, isComplete: binding !== undefined };
}

export function claimRemarks(name: string, { isComplete }: Claim, hosts: readonly Host[]): Remark[] {
  if (isComplete) return [];
  return [
    {
      code: 'no-common-claim',
      file: releasePath(name),
      message: `names no release: ${listOf(hosts.map(({ label }) => label))} have no VERSION_ID= or SYSEXT_LEVEL= in common, so that systemd merges the tree nowhere as it is. Make an image for each: flix pack TREE --host HOST`,
    },
  ];
}

/**
 * Throws `FlixError` `claim-differs` if the release file that the user gave the tree lets systemd refuse it on a host, or
 * accept it on any.
 */
export function refuseContradiction(
  claims: Claims,
  name: string,
  { lines, isComplete }: Claim,
  hosts: readonly Host[],
): void {
  const file = claims.get(releasePath(name));
  if (!file) return;
  const { content } = file;
  const text =
    content.kind === 'text'
      ? content.text
      : content.kind === 'copy'
        ? readText(content.view, content.path)
        : undefined;
  const release = parseAssignments(text ?? '');
  const wanted = lines.join(' ');
  const refused = hosts.flatMap(host => {
    const decision = systemdDecision(release, host.release, undefined, rules);
    return decision.accepted ? [] : [`${host.label} refuses it: ${decision.because}`];
  });
  const isAny = release.get('ID') === '_any' && wanted !== 'ID=_any';
  if (!isAny && (refused.length === 0 || !isComplete)) return;
  throw new FlixError(
    'input',
    'claim-differs',
    isAny
      ? `${file.target} says ID=_any, but the tree uses libraries or files of the host`
      : `${file.target} contradicts --host: ${refused.join('; ')}`,
    isComplete ? `Write ${wanted} into it, or remove it: flix then writes it.` : 'Remove it.',
  );
}
