import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** A distribution package. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** The source from which it was built, perhaps together with other packages. */
  readonly source: string;
}

/**
 * Returns the package that owns a file; `undefined`: no package owns it, or the root has no dpkg or apk database.
 *
 * @param path real
 */
export function packageOf(view: View, path: string): Package | undefined {
  const owners = ownersIn(view, '/');
  // packages from before the usr-merge own /lib/…, which is /usr/lib/… now
  return owners.get(path) ?? (path.startsWith('/usr/') ? owners.get(path.slice('/usr'.length)) : undefined);
}

const ownersIn = memoised((view): ReadonlyMap<string, Package> => {
  const owners = new Map<string, Package>();
  readDpkg(view, owners);
  readApk(view, owners);
  return owners;
});

/** Reads /var/lib/dpkg/status and the file lists, `name.list`, or `name:arch.list` for multi-arch packages (dpkg(1)). */
function readDpkg(view: View, owners: Map<string, Package>): void {
  const packages = new Map<string, Package>();
  for (const stanza of (readText(view, '/var/lib/dpkg/status') ?? '').split('\n\n')) {
    const name = field(stanza, 'Package');
    const version = field(stanza, 'Version');
    if (name === undefined || version === undefined) continue;
    const owner = { name, version, source: field(stanza, 'Source')?.split(' ')[0] ?? name };
    packages.set(name, owner);
    packages.set(`${name}:${field(stanza, 'Architecture')}`, owner);
  }
  if (packages.size === 0) return;
  const directory = follow(view, '/var/lib/dpkg/info');
  if (directory.path === undefined) return;
  for (const file of view.list(directory.path).keys()) {
    if (!file.endsWith('.list')) continue;
    const name = file.slice(0, -'.list'.length);
    const owner = packages.get(name);
    if (!owner) continue;
    for (const path of (readText(view, join(directory.path, file)) ?? '').split('\n'))
      owners.set(path, owner);
  }
}

/** Reads apk's database of installed packages: `P:` name, `V:` version, `o:` source, `F:` directory, `R:` file in that directory. */
function readApk(view: View, owners: Map<string, Package>): void {
  const text = readText(view, '/lib/apk/db/installed') ?? readText(view, '/usr/lib/apk/db/installed');
  let name = '';
  let version = '';
  let source = '';
  let directory = '';
  for (const line of (text ?? '').split('\n')) {
    const value = line.slice(2);
    if (line.startsWith('P:')) name = value;
    else if (line.startsWith('V:')) version = value;
    else if (line.startsWith('o:')) source = value;
    else if (line.startsWith('F:')) directory = value;
    else if (line.startsWith('R:'))
      owners.set(`/${directory}/${value}`, { name, version, source: source || name });
  }
}

function field(stanza: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
}
