import { someOf } from '../printable.ts';
import type { Remark } from '../manifest/manifest.ts';
import { databaseOf, packageOf } from '../packages/database.ts';
import { commonLicences, type LicenceFile, licenceFiles } from '../packages/licence-files.ts';
import type { Package } from '../packages/package.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import type { Licences } from './plan.ts';

/**
 * Claims the licence files of all packages of which the tree has a file, and the common licences to which they refer, below
 * `share/licenses` of the private directory: most licences require that their text accompanies the program.
 */
export function claimLicences(
  claims: Claims,
  prefix: string,
): { readonly licences: Licences; readonly remarks: readonly Remark[] } {
  const owners = new Map<Package, View>();
  for (const { content } of claims.sorted()) {
    if (content.kind !== 'copy') continue;
    const { view, path } = content.view.source(content.path);
    const owner = packageOf(view, path);
    if (owner) owners.set(owner, view);
  }
  const packages: Licences['packages'][number][] = [];
  const common = new Set<string>();
  const lacking: string[] = [];
  const claim = (directory: string, view: View, { name, path }: LicenceFile, why: string): string => {
    const content = { kind: 'copy', view, path, edits: [] } as const;
    let target = `${prefix}/share/licenses/${directory}/${name}`;
    // packages of two roots may have the same name
    for (let number = 2; ; number++) {
      const known = claims.get(target)?.content;
      if (!known || (known.kind === 'copy' && known.view === view && known.path === path)) break;
      target = `${prefix}/share/licenses/${directory}.${number}/${name}`;
    }
    claims.claim({ target, role: 'resource', content, why });
    return target;
  };
  for (const [owner, view] of owners) {
    const files = licenceFiles(view, databaseOf(view)!, owner);
    if (files.length === 0) lacking.push(owner.name);
    else
      packages.push({
        owner,
        targets: files.map(file => claim(owner.name, view, file, `licence of the package ${owner.name}`)),
      });
    for (const { path } of files)
      for (const text of commonLicences(view, path))
        common.add(claim('common-licenses', view, text, 'a licence to which copyright files refer'));
  }
  return {
    licences: { packages, common: [...common] },
    remarks: lacking.length > 0 ? [lackingRemark(lacking)] : [],
  };
}

function lackingRemark(names: readonly string[]): Remark {
  const sorted = [...new Set(names)].sort();
  return {
    code: 'no-licence-file',
    file: sorted[0]!,
    message: `the root has no licence file of ${someOf(sorted, 5)}: add the texts with --overlay if the licences require them`,
  };
}
