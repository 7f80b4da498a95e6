import { asBuffer } from '../../elf/bytes.ts';
import { FlixError } from '../../errors.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import type { Loader } from '../../resolve/loader.ts';
import { follow } from '../../view/follow.ts';
import { within } from '../../view/path.ts';
import { readBytes } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import { hostDirectories } from '../../wrap/mounts.ts';
import type { Form } from '../../wrap/wrapping.ts';
import type { WrapChoices } from '../request.ts';
import { isMergedPlace } from '../target.ts';
import type { ShownPath } from './read-request.ts';

/** The form of a view, and the directories that it takes from the staged root. */
export interface ChosenForm {
  readonly form: Form;
  readonly because: string;
  /** Directories, among those outside /usr and /usr/local, that come from the staged root and not from the host. */
  readonly own: readonly string[];
}

/** The unshare of the staged root, which enters the last user namespace inside the view. */
export const INNER_UNSHARE = '/usr/bin/unshare';

/**
 * Chooses overmount if possible, since it leaves everything but /usr as it is; chroot if the root or the request needs
 * more.
 *
 * @param needed real paths that the view must show: the requested files and what the programs load
 * @param loaders the loaders of all programs
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
  if (elsewhere) return chroot(`the --bind target ${elsewhere.inside} is not below /usr`);
  if (ownPaths.includes('/opt')) return chroot('it includes files below /opt');
  const split = unmergedDirectory(view);
  if (split !== undefined) return chroot(`${view.label} is not usr-merged: ${split} is a separate directory`);
  if (list !== undefined) return chroot(`its loader reads ${list}, so it needs the staged /etc`);
  if (!runsInside(view))
    return chroot(`${view.label} has no ${INNER_UNSHARE} of util-linux to run inside the view`);
  return {
    form: 'overmount',
    because: 'everything it needs lies below /usr; the rest comes from the host',
    own: ownPaths,
  };
}

/** Returns a directory such as /lib that is not a link into /usr. An extracted root may lack the links: the host has them. */
function unmergedDirectory(view: View): string | undefined {
  const names = [...view.list('/')].filter(([name]) => isMergedPlace(`/${name}`));
  return names.map(([name]) => `/${name}`).find(path => !within('/usr', follow(view, path).path ?? '/usr'));
}

/** Returns the path of musl's list of directories, if the root has one. */
function pathFile(view: View, { pathFile: path }: Loader): string | undefined {
  return path !== undefined && follow(view, path).path !== undefined ? path : undefined;
}

/** Whether the root's unshare can map any user: that of busybox can map only root. */
function runsInside(view: View): boolean {
  const content = readBytes(view, INNER_UNSHARE);
  return content !== undefined && asBuffer(content).includes('map-group');
}

/**
 * Returns whether the view shows the host's file at a path: a staged file would be hidden there, and a link through it
 * leads to the host at run time.
 *
 * @param own directories that come from the staged root
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

/** Directories that have an option. */
const OPTIONS = new Set(['/etc', '/var', '/home']);

/** Throws `FlixError` if a needed file would be hidden, since the view shows the host's directory there. */
export function refuseHosts(
  shown: readonly ShownPath[],
  loaded: readonly LoadedObject[],
  isHosts: (path: string) => boolean,
): void {
  const hidden =
    shown.find(({ real }) => isHosts(real)) ??
    loaded.find(({ real, path }) => isHosts(real) || isHosts(path));
  if (!hidden) return;
  const top = `/${hidden.real.split('/')[1]}`;
  const why = 'why' in hidden ? hidden.why : `needed by ${hidden.requester?.real}`;
  throw new FlixError(
    'input',
    'host-provided',
    `${hidden.real} (${why}) would be hidden: the view shows the host’s ${top}`,
    OPTIONS.has(top)
      ? `Show the staged directory with --${top.slice(1)} staged, or place the file where the host sees it: ${hidden.path}:/usr/….`
      : 'Move it below /usr or /opt in the root.',
  );
}
