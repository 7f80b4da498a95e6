import { bytesReader } from '../elf/reader.ts';
import { FlixError } from '../errors.ts';
import { indexModules } from '../io/machine.ts';
import { follow } from '../view/follow.ts';
import { kernelReleases } from '../view/kernels.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Initramfs } from './initramfs.ts';

/** The modules that merging extensions and mounting images needs. Most kernels have some of them built in. */
export const MODULES = ['overlay', 'loop', 'erofs', 'squashfs', 'ext4', 'dm-verity'];

/** The kernel that the machine boots. */
export interface Kernel {
  readonly path: string;
  /** The root in which it lies, which may have its modules. */
  readonly around: View;
  /** Names the directory of its modules; `undefined`: unknown, so it gets no modules. */
  readonly release: string | undefined;
}

/**
 * Finds the newest kernel of a root, in /boot (Debian) or beside its modules (Fedora, Arch). Throws `FlixError` `no-kernel`.
 */
export function kernelOf(guest: View): Kernel {
  const places = [
    ...[...guest.list('/boot').keys()].filter(name => /^vmlinuz-\d/.test(name)).map(name => `/boot/${name}`),
    ...kernelReleases(guest).map(release => `/usr/lib/modules/${release}/vmlinuz`),
  ].flatMap(place => {
    const { path } = follow(guest, place);
    return path !== undefined && guest.kind(path) === 'file'
      ? [{ path, around: guest, release: releaseIn(place)! }]
      : [];
  });
  places.sort((a, b) => numeric.compare(a.release, b.release));
  const newest = places.at(-1);
  if (newest !== undefined) return newest;
  throw new FlixError(
    'input',
    'no-kernel',
    `${guest.label} has no kernel in /boot or /usr/lib/modules`,
    'Name one with --kernel, or install one in the root, such as linux-image-cloud-amd64 of Debian.',
  );
}

const numeric = new Intl.Collator('en', { numeric: true });

/** Reads the release of a kernel from its path; `undefined`: the path does not tell. */
export function releaseIn(path: string): string | undefined {
  return /\/boot\/vmlinuz-(\d[^/]*)$|\/lib\/modules\/(\d[^/]*)\/vmlinuz$/.exec(path)?.slice(1).find(Boolean);
}

/** The files with which modprobe(8) finds modules, by name: modules.dep and others of depmod(8). */
export type ModuleIndex = ReadonlyMap<string, Uint8Array>;

/** Returns the index of the kernel's modules; empty if the kernel has no modules, so that all it needs must be built in. */
export async function indexOf({ around, release }: Kernel): Promise<ModuleIndex> {
  const root = around.source('/').hostPath;
  if (root === undefined || release === undefined || !kernelReleases(around).includes(release))
    return new Map();
  const directory = `${follow(around, '/usr/lib/modules').path}/${release}`;
  const made = readText(around, `${directory}/modules.dep`);
  // the scripts of packages run depmod, but flix stage runs no scripts
  return made === undefined
    ? indexModules(root + directory, release)
    : new Map([['modules.dep', Buffer.from(made)]]);
}

/** Adds the index of the modules, and the modules of `MODULES` if the kernel does not come from the guest. */
export function* moduleEntries(
  archive: Initramfs,
  guest: View,
  kernel: Kernel,
  index: ModuleIndex,
): Generator<Uint8Array> {
  const { around, release } = kernel;
  if (index.size === 0) return;
  const to = `${follow(guest, '/usr/lib/modules').path ?? '/usr/lib/modules'}/${release}`;
  for (const [name, bytes] of index) yield* archive.addedFile(`${to}/${name}`, bytesReader(bytes));
  if (around === guest) return;
  const from = `${follow(around, '/usr/lib/modules').path}/${release}`;
  for (const name of wantedModules(Buffer.from(index.get('modules.dep') ?? []).toString())) {
    const file = around.open(`${from}/${name}`);
    try {
      yield* archive.addedFile(`${to}/${name}`, file);
    } finally {
      file.close();
    }
  }
  const builtIn = readText(around, `${from}/modules.builtin`);
  if (builtIn !== undefined)
    yield* archive.addedFile(`${to}/modules.builtin`, bytesReader(Buffer.from(builtIn)));
}

/** Returns the files of `MODULES` and of their dependencies. @param index lines of `FILE: FILE…` (depmod(8)) */
function wantedModules(index: string): string[] {
  const lines = index.split('\n').map(line => line.split(/:? +|:$/).filter(Boolean));
  const isWanted = (file: string) =>
    MODULES.some(name => new RegExp(`/${name.replace(/[-_]/, '[-_]')}\\.ko`).test(file));
  return [...new Set(lines.filter(([file]) => file !== undefined && isWanted(file)).flat())].sort();
}
