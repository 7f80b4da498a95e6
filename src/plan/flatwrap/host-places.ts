import { within } from '../../view/path.ts';
import type { Form } from '../../wrap/wrapping.ts';
import { isMergedPlace } from '../target.ts';

/** Directories that the chroot form shows of the host, unless the staged root keeps its own. */
const BOUND = [
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/tmp',
  '/var/tmp',
  '/root',
  '/mnt',
  '/media',
  '/srv',
  '/home',
  '/etc',
  '/var',
  '/opt',
];

/**
 * Tells what the view shows of the host, whatever the root holds there: such a file would be staged for nothing, and a
 * link that passes through such a place leads elsewhere at run time.
 *
 * @param own directories that the staged root keeps for itself
 */
export function hostPlaces(form: Form, own: readonly string[]): (path: string) => boolean {
  const staged = new Set(own);
  if (form === 'chroot') {
    const bound = BOUND.filter(directory => !staged.has(directory));
    return path => bound.some(directory => within(directory, path));
  }
  return path => {
    if (path === '/' || isMergedPlace(path)) return false;
    return !within('/usr', path) || (within('/usr/local', path) && !staged.has('/usr/local'));
  };
}
