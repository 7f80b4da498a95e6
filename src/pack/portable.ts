import { FlixError } from '../errors.ts';
import { follow } from '../view/follow.ts';
import { readOsRelease } from '../view/os-release.ts';
import type { View } from '../view/view.ts';

const UNIT = /\.(?:service|socket|target|timer|path)$/;
const UNIT_DIRECTORIES = ['/usr/lib/systemd/system', '/lib/systemd/system', '/etc/systemd/system'];
/** What is mounted there when a service starts; the image is read-only, so they have to be in it (PORTABLE_SERVICES). */
const MOUNT_POINTS = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/tmp',
  '/var/tmp',
  '/etc/resolv.conf',
  '/etc/machine-id',
];

/**
 * Refuses a tree that portablectl(1) would not attach: it wants an os-release, and units whose names begin with
 * that of the image. Throws `FlixError`: `no-os-release`, `no-units`.
 *
 * @returns what is to be said of the tree all the same
 */
export function checkPortable(tree: View, name: string): string[] {
  if (!readOsRelease(tree)?.get('ID'))
    throw new FlixError(
      'input',
      'no-os-release',
      `${tree.label} has no os-release with an ID=: portablectl attaches no such image`,
      'write usr/lib/os-release; a tree of one extension is packed with --type sysext',
    );
  // portablectl looks for NAME, and for NAME-…, NAME.… and NAME@… (src/shared/portable-util, unit_match)
  const [prefix] = name.split('_', 1);
  const units = UNIT_DIRECTORIES.flatMap(directory => {
    const real = follow(tree, directory).path;
    return real === undefined ? [] : [...tree.list(real).keys()].filter(unit => UNIT.test(unit));
  });
  if (!units.some(unit => unit.startsWith(prefix!) && /^[-.@]/.test(unit.slice(prefix!.length))))
    throw new FlixError(
      'input',
      'no-units',
      `${tree.label} has no unit whose name begins with ${prefix}: portablectl would attach nothing`,
      units.length > 0 ? `its units: ${units.join(', ')}` : 'put units into usr/lib/systemd/system',
    );
  const lacking = MOUNT_POINTS.filter(path => follow(tree, path).path === undefined);
  return lacking.length === 0
    ? []
    : [
        `${tree.label} lacks ${lacking.join(', ')}, over which systemd mounts the host’s when a service starts`,
      ];
}
