import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Hosts } from '../audit/audit.ts';
import { FlixError } from '../errors.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { fileReader } from '../view/file-reader.ts';
import { ownAsRoot } from '../view/owners.ts';
import { readOsRelease } from '../view/os-release.ts';
import { decodeProfile, decodeRelease } from '../view/profile/profile.ts';
import { profileView } from '../view/profile/profile-view.ts';
import type { View } from '../view/view.ts';
import { isSource, withStaged } from './staged-source.ts';

/** Makes a view of a host under a label; without one the label comes from its os-release. */
type HostOpener = (label?: string) => View;

interface OpenedHost {
  readonly place: string;
  readonly opener: HostOpener;
}

/**
 * Opens a host for as long as `use` runs. A directory is a root, a gzipped file is a profile, and any other file is an
 * image, which is unpacked meanwhile, without a mount and without privileges, as a source such as `oci:` is. Throws
 * `FlixError`.
 */
export async function withHost<T>(place: string, use: (opener: HostOpener) => T | Promise<T>): Promise<T> {
  if (isSource(place)) return withStaged([place], async ([directory]) => use(openerOf(directory!)));
  if (!isFile(place) || isGzip(place)) return use(openerOf(place));
  if (isTar(place))
    throw new FlixError(
      'input',
      'archive',
      `${place} is a tar archive, but the command line does not say what it contains`,
      `For a container image: oci-archive:${place} or docker-archive:${place}. For the files of a root: tar:${place}`,
    );
  const [{ withImage }, { unpackImage }] = await Promise.all([
    import('../image/image.ts'),
    import('../image/image-view.ts'),
  ]);
  return withImage(place, async image =>
    inPrivateDirectory(async directory => {
      await unpackImage(image, directory);
      return use(openerOf(directory));
    }),
  );
}

/** Opens several hosts for as long as `use` runs, under distinct labels: equal labels get the place. */
export async function withHosts(
  places: readonly string[],
  use: (hosts: readonly View[]) => void | Promise<void>,
): Promise<void> {
  await openNext(places, [], opened => {
    const views = opened.map(({ opener, place }) => checkHost(opener(), place));
    const labels = distinctLabels(opened, views);
    return use(views.map((view, i) => (view.label === labels[i] ? view : opened[i]!.opener(labels[i]))));
  });
}

/** Does the same for an audit, but opens each host when it is iterated over, so that only one is in memory. */
export async function withHostsInTurn(
  places: readonly string[],
  use: (hosts: Hosts) => void | Promise<void>,
): Promise<void> {
  await openNext(places, [], opened => {
    const labels = distinctLabels(
      opened,
      opened.map(({ place, opener }) => ({ label: releaseView(place, opener).label })),
    );
    const collect = garbageCollector();
    let last: { readonly number: number; readonly view: View } | undefined;
    const openOnce = (number: number): View => {
      if (last?.number === number) return last.view;
      last = undefined;
      collect();
      last = { number, view: opened[number]!.opener(labels[number]) };
      return last.view;
    };
    return use({
      length: opened.length,
      *[Symbol.iterator]() {
        for (const number of opened.keys()) yield openOnce(number);
      },
    });
  });
}

/**
 * Returns a view that shows at least the release of a host; of a profile, only this part is decoded. Throws what `checkHost`
 * throws.
 */
function releaseView(place: string, opener: HostOpener): View {
  if (isFile(place) && isGzip(place)) {
    const view = profileView(decodeRelease(readOptionalBytes(place)!, place));
    if (readOsRelease(view)?.get('ID')) return view;
  }
  return checkHost(opener(), place);
}

/**
 * Returns a function that frees the memory of previous hosts; V8 would let the heap grow first. The time of a collection grows
 * with the memory in use, so it runs only after the heap has grown by half.
 */
function garbageCollector(): () => void {
  let inUse = 0;
  return () => {
    if (memoryUsage().heapUsed < inUse * 1.5) return;
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    inUse = memoryUsage().heapUsed;
  };
}

function distinctLabels(
  opened: readonly OpenedHost[],
  views: readonly { readonly label: string }[],
): string[] {
  const isShared = (label: string) => views.filter(view => view.label === label).length > 1;
  return views.map(({ label }, i) => (isShared(label) ? `${label} (${opened[i]!.place})` : label));
}

async function openNext(
  [place, ...others]: readonly string[],
  opened: readonly OpenedHost[],
  use: (opened: readonly OpenedHost[]) => void | Promise<void>,
): Promise<void> {
  if (place === undefined) return use(opened);
  return withHost(place, opener => openNext(others, [...opened, { place, opener }], use));
}

/** Opens a root or a profile, which need no unpacking. Throws `FlixError` `not-unpacked` for an image. */
export function openHost(place: string, label?: string): View {
  if (!isFile(place) || isGzip(place)) return openerOf(place)(label);
  throw new FlixError(
    'input',
    'not-unpacked',
    `${place} is a file, but not a host profile`,
    `If it is an image, make a profile of it.\nflix host snapshot --root ${place} -o PROFILE`,
  );
}

/** Returns the view if it is that of a host. Throws `FlixError` `no-host` if it has no os-release with an `ID=`. */
export function checkHost(view: View, place: string): View {
  if (readOsRelease(view)?.get('ID')) return view;
  throw new FlixError(
    'input',
    'no-host',
    `${place} is not a host: it has no os-release with an ID=`,
    'Name the root directory of an operating system, its image, or a profile of it.',
  );
}

function openerOf(place: string): HostOpener {
  if (!isFile(place))
    return label =>
      // an unprivileged user who unpacked a root owns all of its files
      ownAsRoot(
        directoryView(place, { staged: true, ...(label !== undefined && { label }) }),
        process.getuid?.() ?? 0,
      );
  return label => profileView(decodeProfile(readOptionalBytes(place)!, place), label);
}

function isFile(place: string): boolean {
  return kindAt(realPlace(place)) === 'file';
}

/** Whether a file is a tar archive: those of POSIX and GNU have the same magic (POSIX.1, pax, ustar interchange format). */
function isTar(place: string): boolean {
  const file = fileReader(realPlace(place), place);
  try {
    return file.size > 512 && Buffer.from(file.read(257, 5)).toString('latin1') === 'ustar';
  } finally {
    file.close();
  }
}

/** Whether a file is gzipped (RFC 1952), as profiles are and images are not. */
export function isGzip(place: string): boolean {
  const file = fileReader(realPlace(place), place);
  try {
    return file.magic !== undefined && file.magic >>> 16 === 0x1f8b;
  } finally {
    file.close();
  }
}
