import type { Finding } from '../audit/checks.ts';
import type { Tree } from '../audit/extension.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import type { Opening } from '../manifest/manifest.ts';

/** Tells the findings that the manifest of their own extension names among what stays open. */
export function namedInManifests(trees: readonly Tree[]): (finding: Finding) => boolean {
  const openings = new Set(
    trees.flatMap(({ name, view }) =>
      // a manifest is a file like any other: it may have been edited
      manifestsIn(view)
        .flatMap(({ open }): (Partial<Opening> | null)[] => (Array.isArray(open) ? open : []))
        .map(opening => `${name}\0${opening?.file}\0${opening?.through}`),
    ),
  );
  const named = (extension: string, file: string, through: string) =>
    openings.has(`${extension}\0${file}\0${through}`);
  return finding => {
    const { extension } = finding;
    if (finding.kind === 'leaks/open-variables')
      return finding.open.every(through => named(extension, finding.culprit, through));
    if (finding.kind === 'leaks/host-helper')
      return finding.namedBy.every(file => named(extension, file, finding.culprit));
    return finding.kind === 'leaks/host-modules' && named(extension, finding.opener, finding.through);
  };
}
