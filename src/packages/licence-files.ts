import { follow } from '../view/follow.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Database, Package } from './package.ts';

/** A file with a licence or with copyright notices. */
export interface LicenceFile {
  /** Its name below the directory of the package. */
  readonly name: string;
  /** The real path in the root. */
  readonly path: string;
}

/** Where packages keep licences: Fedora, Arch Linux and SUSE in a directory of their own, others beside the documentation. */
const DIRECTORIES = [
  /^\/usr\/share\/licenses\/[^/]+\/(.+)$/,
  /^\/usr\/share\/doc\/(?:packages\/)?[^/]+\/((?:[^/]+\/)*(?:copyright|copying|licen[cs]e|notice)[^/]*)$/i,
];

/** Returns the licence files of a package that the root has. */
export function licenceFiles(view: View, known: Database, owner: Package): LicenceFile[] {
  // the directory may be a link to that of another package (Debian Policy 12.3)
  const paths = new Set([`/usr/share/doc/${owner.name}/copyright`, ...known.filesOf(owner)]);
  const found = new Map<string, LicenceFile>();
  for (const path of paths)
    for (const pattern of DIRECTORIES) {
      const name = pattern.exec(path)?.[1];
      const real = name === undefined || found.has(name) ? undefined : follow(view, path);
      if (real?.path !== undefined && real.kind === 'file')
        found.set(name!, { name: name!, path: real.path });
    }
  return [...found.values()];
}

const COMMON = '/usr/share/common-licenses';

/** Returns the texts of common licences to which a copyright file refers instead of repeating them (Debian Policy 12.5). */
export function commonLicences(view: View, file: string): LicenceFile[] {
  return commonLicenceNames(readText(view, file) ?? '').flatMap(name => {
    const real = follow(view, `${COMMON}/${name}`);
    return real.path !== undefined && real.kind === 'file' ? [{ name, path: real.path }] : [];
  });
}

/** Returns the names of the common licences to which the text of a copyright file refers, such as `GPL-2`. */
export function commonLicenceNames(text: string): string[] {
  const names = [...text.matchAll(/\/usr\/share\/common-licenses\/([\w.+-]*\w)/g)].map(([, name]) => name!);
  return [...new Set(names)];
}
