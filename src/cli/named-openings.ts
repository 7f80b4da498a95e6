import type { Finding } from '../audit/checks.ts';
import { likelyType, type Tree } from '../audit/extension.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import type { Opening } from '../manifest/manifest.ts';

/** Tells the findings that the manifest of their own extension names among what stays open. */
export function namedInManifests(trees: readonly Tree[]): (finding: Finding) => boolean {
  const openings = new Set(
    trees.flatMap(({ name, view }) =>
      // a manifest is a file like any other: it may have been edited
      manifestsIn(view)
        .flatMap(({ open }): (Partial<Opening> | null)[] => (Array.isArray(open) ? open : []))
        .map(opening => [likelyType(view), name, opening?.file, opening?.through].join('\0')),
    ),
  );
  return finding => {
    const { extension, extensionType } = finding;
    const named = (file: string, through: string) =>
      openings.has([extensionType, extension, file, through].join('\0'));
    if (finding.kind === 'leaks/open-variables')
      return finding.open.every(through => named(finding.culprit, through));
    if (finding.kind === 'leaks/host-helper')
      return finding.namedBy.every(file => named(file, finding.culprit));
    return finding.kind === 'leaks/host-modules' && named(finding.opener, finding.through);
  };
}
