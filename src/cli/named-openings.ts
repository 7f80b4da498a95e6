import type { Finding } from '../audit/checks.ts';
import type { Tree } from '../audit/extension.ts';
import { manifestsIn } from '../plan/earlier.ts';
import type { Opening } from '../plan/plan.ts';

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
  return finding =>
    finding.kind === 'leaks/open-variables' &&
    finding.open.every(through => openings.has(`${finding.extension}\0${finding.culprit}\0${through}`));
}
