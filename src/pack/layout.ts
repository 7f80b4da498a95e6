import { FlixError } from '../errors.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';
import { isSharedDirectory, lockedOut, sharedAccess } from '../systemd/merged-directory.ts';
import { follow } from '../view/follow.ts';
import { readOsRelease } from '../view/os-release.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/**
 * Refuses a tree of which systemd would silently leave out a part. Throws `FlixError`: `empty-tree`,
 * `foreign-top-level`.
 */
export function checkHierarchies(tree: View, type: ImageType): void {
  const top = tree.list('/');
  if (top.size === 0)
    throw new FlixError(
      'input',
      'empty-tree',
      `${tree.label} is empty`,
      'Name the directory that contains usr, opt or etc.',
    );
  const rules = rulesOf(type);
  if (!rules) return;
  const { hierarchies } = rules;
  const foreign = [...top].filter(([entry, kind]) => !hierarchies.includes(entry) || kind !== 'directory');
  if (foreign.length === 0) return;
  const names = foreign.map(([entry]) => entry).sort();
  const merged =
    hierarchies.length > 1
      ? `only the directories ${hierarchies.join(' and ')}`
      : `only the directory ${hierarchies[0]}`;
  throw new FlixError(
    'input',
    'foreign-top-level',
    `${tree.label} contains ${names.join(', ')}, but systemd merges ${merged} of a ${type === 'sysext' ? 'system' : 'configuration'} extension`,
    'Move everything else there, or remove it.',
  );
}

/**
 * Refuses a tree whose directories would lock all users but root out of directories of the host, because the merged
 * directory has the mode of the topmost layer. Throws `FlixError`: `locks-users-out`.
 */
export function checkDirectoryModes(tree: View, force: boolean): void {
  if (force) return;
  const narrow = [...walk(tree, '/')].filter(
    ({ path, kind }) =>
      kind === 'directory' &&
      isSharedDirectory(path) &&
      lockedOut(sharedAccess, { ...sharedAccess, mode: tree.stat(path).mode }).length > 0,
  );
  if (narrow.length === 0) return;
  const shown = narrow.map(({ path }) => `${path.slice(1)} (mode ${tree.stat(path).mode.toString(8)})`);
  const paths = narrow.map(({ path }) => path.slice(1)).join(' ');
  throw new FlixError(
    'input',
    'locks-users-out',
    `${tree.label}: once the image is merged, directories of the host have the modes that they have in it, and only root could use them: ${shown.join(', ')}`,
    `Run chmod 755 ${paths} in the tree, or find ${[...tree.list('/').keys()].join(' ')} -type d -exec chmod 755 {} + for all of its directories. --force packs it as it is.`,
  );
}

const UNIT = /\.(?:service|socket|target|timer|path)$/;
const UNIT_DIRECTORIES = ['/usr/lib/systemd/system', '/lib/systemd/system', '/etc/systemd/system'];
/** Over these systemd mounts directories and files of the host when a service starts. The image is read-only, so they must exist in it (PORTABLE_SERVICES). */
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
 * Refuses a tree that portablectl(1) would not attach: it requires an os-release, and units whose names begin with the
 * name of the image. Throws `FlixError`: `no-os-release`, `no-units`.
 *
 * @returns warnings about the tree
 */
export function checkPortable(tree: View, name: string): string[] {
  if (!readOsRelease(tree)?.get('ID'))
    throw new FlixError(
      'input',
      'no-os-release',
      `${tree.label} has no os-release with an ID=, so portablectl would not attach the image`,
      'Write usr/lib/os-release. To pack the tree of an extension, use --type sysext.',
    );
  // portablectl matches NAME itself, and NAME-…, NAME.… and NAME@… (src/shared/portable-util, unit_match)
  const [prefix] = name.split('_', 1);
  const units = UNIT_DIRECTORIES.flatMap(directory => {
    const real = follow(tree, directory).path;
    return real === undefined ? [] : [...tree.list(real).keys()].filter(unit => UNIT.test(unit));
  });
  if (!units.some(unit => unit.startsWith(prefix!) && /^[-.@]/.test(unit.slice(prefix!.length))))
    throw new FlixError(
      'input',
      'no-units',
      `${tree.label} has no unit whose name begins with ${prefix}, so portablectl would attach nothing`,
      units.length > 0
        ? `Name the image after one of its units: ${units.join(', ')}.`
        : 'Put units into usr/lib/systemd/system.',
    );
  const lacking = MOUNT_POINTS.filter(path => follow(tree, path).path === undefined);
  return lacking.length === 0
    ? []
    : [
        `${tree.label} lacks ${lacking.join(', ')}: systemd mounts those of the host there when a service starts`,
      ];
}
