import type { Finding } from './checks.ts';
import { likelyType, type Tree } from './extension.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { openedNamesOf } from './promises.ts';

/** In place of a file, for a name that objects open at run time. */
const OPENED = 'opened';

/** Returns a test for findings that the manifest of their own extension documents, as what stays open or in a remark. */
export function documentedInManifests(trees: readonly Tree[]): (finding: Finding) => boolean {
  const stated = new Set(
    trees.flatMap(({ name, label = name, view }): string[] => {
      const key = (file: string, what: string) => [likelyType(view), label, file, what].join('\0');
      return manifestsIn(view).flatMap(manifest =>
        [
          manifest.open.map(({ file, through }) => key(file, through)),
          manifest.remarks.map(({ file, code }) => key(file, code)),
          openedNamesOf(manifest).map(opened => key(OPENED, opened)),
        ].flat(),
      );
    }),
  );
  return finding => {
    const { extension, extensionType } = finding;
    const isDocumented = (file: string, what: string) =>
      stated.has([extensionType, extension, file, what].join('\0'));
    if (finding.kind === 'leaks/open-variables')
      return finding.open.every(through => isDocumented(finding.culprit, through));
    if (finding.kind === 'leaks/host-helper')
      return finding.namedBy.every(file => isDocumented(file, finding.culprit));
    if (finding.kind === 'missing/executable-stack') return isDocumented(finding.culprit, 'executable-stack');
    if (finding.kind === 'missing/opened-library') return isDocumented(OPENED, finding.culprit);
    // the manifest says that modules of the host are opened, not that they cannot be loaded
    return (
      finding.kind === 'leaks/host-modules' &&
      finding.failing.length === 0 &&
      isDocumented(finding.opener, finding.through)
    );
  };
}
