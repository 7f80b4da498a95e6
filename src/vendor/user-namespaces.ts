import { rootOnlyNamespaces } from '../wrap/wrapper.ts';
import { follow } from '../view/follow.ts';
import { basename, join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** Directories of sysctl.d(5), the strongest first: a file hides one of the same name in a later directory. */
const DIRECTORIES = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d'];

/** The value of each setting with which only root may create user namespaces. */
const FORBIDDING: ReadonlyMap<string, string> = new Map(
  rootOnlyNamespaces.map(setting => {
    const [path, value] = setting.split('=') as [string, string];
    return [path.replaceAll('/', '.'), value];
  }),
);

/**
 * Returns the setting and the file by which a host lets only root create user namespaces; `undefined`: it lets users.
 * The last assignment of a setting counts, in the order of the names of the files.
 */
export function userNamespaces(host: View): string | undefined {
  const files = new Map<string, string>();
  for (const directory of DIRECTORIES) {
    const real = follow(host, directory);
    if (real.path === undefined || real.kind !== 'directory') continue;
    for (const name of host.list(real.path).keys())
      if (name.endsWith('.conf') && !files.has(name)) files.set(name, join(directory, name));
  }
  const sorted = [...files.values()].sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
  const last = new Map<string, string>();
  for (const file of [...sorted, '/etc/sysctl.conf'])
    for (const line of (readText(host, file) ?? '').split('\n')) {
      const [, setting = '', value = ''] = /^\s*-?([\w./]+)\s*=\s*(\S+)\s*$/.exec(line) ?? [];
      const name = setting.replaceAll('/', '.');
      if (!FORBIDDING.has(name)) continue;
      if (FORBIDDING.get(name) === value) last.set(name, `${name} = ${value} in ${file}`);
      else last.delete(name);
    }
  return [...last.values()][0];
}
