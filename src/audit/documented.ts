import type { Finding } from './checks.ts';
import { likelyType, type Tree } from './extension.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';

/** Returns a test for findings that the manifest of their own extension documents as something that stays open. */
export function documentedInManifests(trees: readonly Tree[]): (finding: Finding) => boolean {
  const openings = new Set(
    trees.flatMap(({ name, view }) =>
      manifestsIn(view)
        .flatMap(({ open }) => open)
        .map(({ file, through }) => [likelyType(view), name, file, through].join('\0')),
    ),
  );
  return finding => {
    const { extension, extensionType } = finding;
    const isDocumented = (file: string, through: string) =>
      openings.has([extensionType, extension, file, through].join('\0'));
    if (finding.kind === 'leaks/open-variables')
      return finding.open.every(through => isDocumented(finding.culprit, through));
    if (finding.kind === 'leaks/host-helper')
      return finding.namedBy.every(file => isDocumented(file, finding.culprit));
    // the manifest says that modules of the host are opened, not that they cannot be loaded
    return (
      finding.kind === 'leaks/host-modules' &&
      finding.failing.length === 0 &&
      isDocumented(finding.opener, finding.through)
    );
  };
}
