import { hostDirectories } from '../../wrap/mounts.ts';
import { asBuffer } from '../../elf/bytes.ts';
import type { Loader } from '../../resolve/loader.ts';
import { follow } from '../../view/follow.ts';
import { within } from '../../view/path.ts';
import { readBytes } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import type { Form } from '../../wrap/wrapping.ts';
import { isMergedPlace } from '../target.ts';
import type { WrapChoices } from '../request.ts';
import { FlixError } from '../../errors.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import type { ShownPath } from './read-request.ts';

/** Which form a view takes, and what it keeps of the staged root. */
export interface ChosenForm {
  readonly form: Form;
  readonly because: string;
  /** Directories outside of /usr, and /usr/local, that are the staged root's and not the host's. */
  readonly own: readonly string[];
}

/** The one that runs inside the view, as the last of the user namespaces is entered. */
export const INNER_UNSHARE = '/usr/bin/unshare';

/**
 * Overmount where it can be: it leaves all but /usr as it is. Chroot where the root or what was asked of it cannot be
 * shown so.
 *
 * @param needed real paths that the view has to show, of what was asked for and of what its programs load
 * @param loaders of all programs
 */
export function chooseForm(
  view: View,
  choices: WrapChoices,
  needed: readonly string[],
  loaders: readonly Loader[],
): ChosenForm {
  const own = (['etc', 'var', 'home'] as const).filter(name => choices[name] === 'staged');
  const ownPaths = own.map(name => `/${name}`);
  const list = loaders.flatMap(loader => pathFile(view, loader) ?? [])[0];
  if (list !== undefined && !ownPaths.includes('/etc')) ownPaths.push('/etc');
  for (const directory of ['/opt', '/usr/local'])
    if (needed.some(path => within(directory, path))) ownPaths.push(directory);

  const chroot = (because: string): ChosenForm => ({ form: 'chroot', because, own: ownPaths });
  if (own.length > 0) return chroot(`${own.map(name => `--${name} staged`).join(' ')} was given`);
  const elsewhere = choices.binds.find(({ inside }) => !within('/usr', inside));
  if (elsewhere) return chroot(`${elsewhere.inside}, where --bind puts something, is not below /usr`);
  if (ownPaths.includes('/opt')) return chroot('it brings files below /opt');
  const split = unmergedDirectory(view);
  if (split !== undefined)
    return chroot(`${view.label} is not usr-merged: ${split} is a directory of its own`);
  if (list !== undefined) return chroot(`its loader reads ${list}, so /etc is the staged one`);
  if (!runsInside(view)) return chroot(`${view.label} has no ${INNER_UNSHARE} of util-linux to run inside`);
  return {
    form: 'overmount',
    because: 'all of it lies below /usr, and the rest is the host’s',
    own: ownPaths,
  };
}

/** An extracted root may lack the links: the host has them. */
function unmergedDirectory(view: View): string | undefined {
  const names = [...view.list('/')].filter(([name]) => isMergedPlace(`/${name}`));
  return names.map(([name]) => `/${name}`).find(path => !within('/usr', follow(view, path).path ?? '/usr'));
}

/** musl's list of directories; without it musl searches its own. */
function pathFile(view: View, { pathFile: path }: Loader): string | undefined {
  return path !== undefined && follow(view, path).path !== undefined ? path : undefined;
}

/** busybox has an unshare that cannot map another user than root. */
function runsInside(view: View): boolean {
  const content = readBytes(view, INNER_UNSHARE);
  return content !== undefined && asBuffer(content).includes('map-group');
}

/**
 * Tells what the view shows of the host, whatever the root holds there: such a file would be staged for nothing, and a
 * link that passes through such a place leads elsewhere at run time.
 *
 * @param own directories that the staged root keeps for itself
 */
export function hostPlaces(form: Form, own: readonly string[]): (path: string) => boolean {
  if (form === 'chroot') {
    const bound = hostDirectories(own);
    return path => bound.some(directory => within(directory, path));
  }
  return path => {
    if (path === '/' || isMergedPlace(path)) return false;
    return !within('/usr', path) || (within('/usr/local', path) && !own.includes('/usr/local'));
  };
}

/** What choices put under the user's control. */
const OPTIONS = new Set(['/etc', '/var', '/home']);

/** Refuses what would be staged and never seen, since the view shows the host's directory there. Throws `FlixError`. */
export function refuseHosts(
  shown: readonly ShownPath[],
  loaded: readonly LoadedObject[],
  isHosts: (path: string) => boolean,
): void {
  const lost =
    shown.find(({ real }) => isHosts(real)) ??
    loaded.find(({ real, path }) => isHosts(real) || isHosts(path));
  if (!lost) return;
  const top = `/${lost.real.split('/')[1]}`;
  const why = 'why' in lost ? lost.why : `needed by ${lost.requester?.real}`;
  throw new FlixError(
    'input',
    'host-provided',
    `${lost.real} (${why}) would not be seen: the view shows the host’s ${top}`,
    OPTIONS.has(top)
      ? `Let the view show the staged one: --${top.slice(1)} staged. Or give the file a place for the host: ${lost.path}:/usr/….`
      : 'Put it below /usr or /opt of the root.',
  );
}
