import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';

/** Where systemd looks for configuration files, in order of precedence. */
const PLACES = ['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd'];

/**
 * The configuration files of a name that systemd reads, in that order: the main file with the highest precedence, then
 * the drop-ins of all directories by their names; of drop-ins with one name it reads the one with the highest
 * precedence. A link to /dev/null hides the files of its name (systemd.syntax(7); src/shared/conf-parser.c).
 *
 * @param name such as `sysext.conf`
 */
export function configurationFiles(root: View, name: string): string[] {
  const mains = PLACES.map(place => `${place}/${name}`);
  const main = mains.find(
    path => isHidden(root, path) || root.kind(follow(root, path).path ?? '') === 'file',
  );
  return [
    ...(main === undefined ? [] : [main]),
    ...dropIns(
      root,
      PLACES.map(place => `${place}/${name}.d`),
    ),
  ].filter(path => !isHidden(root, path));
}

/**
 * The `.conf` files of several directories in the order of their names. Of files with one name, only the one in the
 * first directory counts; files that a link to /dev/null hides are among them.
 */
export function dropIns(root: View, directories: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const directory of directories) {
    const real = follow(root, directory).path;
    for (const name of real === undefined ? [] : root.list(real).keys())
      if (name.endsWith('.conf') && !found.has(name)) found.set(name, `${real}/${name}`);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function isHidden(root: View, path: string): boolean {
  const at = path.slice(0, path.lastIndexOf('/'));
  const real = follow(root, at).path;
  const own = real === undefined ? undefined : `${real}${path.slice(at.length)}`;
  return own !== undefined && root.kind(own) === 'link' && root.readlink(own) === '/dev/null';
}
