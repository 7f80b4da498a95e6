import { FlixError } from '../errors.ts';
import type { ResolveOptions } from '../resolve/options.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { layeredView } from '../view/layers.ts';
import { basename, join } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { hwcapsLevel } from '../resolve/hwcaps.ts';
import type { OptionTable, OptionValues } from './options.ts';
import { withStaged } from './staged-source.ts';

/** The options of every command that resolves: where to look, and the environment of the loader. */
export const rootOptions = {
  root: { flags: '--root <dir>', type: 'path', help: 'the root to look into', default: '/' },
  staging: {
    flags: '--staging <dir>',
    type: 'paths',
    help: 'a root in which missing files are looked up; roots are searched in order',
    default: [],
  },
  host: {
    flags: '--host <place>',
    type: 'paths',
    help: 'what the target OS provides: a root or a host profile, searched after all staging roots',
    default: [],
  },
  libraryPath: {
    flags: '--library-path <list>',
    type: 'text',
    help: 'value of LD_LIBRARY_PATH: directories separated by colons',
  },
  hwcaps: {
    flags: '--hwcaps <level>',
    type: 'text',
    help: 'a processor level such as x86-64-v3 (default: none, which gives the same result on every machine)',
  },
  cache: { flags: '--no-cache', type: 'switch', help: 'ignore ld.so.cache', default: true },
} as const satisfies OptionTable;

type RootOptions = OptionValues<typeof rootOptions>;

/** A root that was named, and a view of it. */
export interface Root {
  readonly directory: string;
  readonly view: View;
}

/** The roots of a command line, as `resolver` takes them. */
export interface Roots {
  /** The root itself first, then staging roots, then hosts, in the order of the command line. */
  readonly all: readonly [Root, ...Root[]];
  /** The views that a lookup tries in turn. */
  readonly views: readonly View[];
  readonly options: ResolveOptions;
}

/**
 * Opens the roots of a command line. With staging roots, a lookup runs in the root laid over each staging root in
 * turn, as if ldconfig had run there. Hosts come last, since the target adds them.
 *
 * @param versions whether to read the symbol versions of objects
 */
export async function openRoots(given: RootOptions, versions = true): Promise<Roots> {
  const { staging, host } = given;
  const [root, ...others] = distinct(
    [given.root, ...staging].map(directory => opener(directory, versions)),
    await Promise.all(host.map(place => hostOpener(place, versions))),
  );
  const over = others.map(({ view }) =>
    layeredView([root.view, view], `${root.view.label} over ${view.label}`),
  );
  const foreseen = staging.length > 0;
  return {
    all: [root, ...others],
    views: foreseen ? over : [root.view, ...over],
    options: {
      cache: given.cache && (foreseen ? 'foresee' : true),
      prefer: foreseen ? root.view : undefined,
      // as in LD_LIBRARY_PATH, an empty list is no list, and an empty element is the current directory
      libraryPath: given.libraryPath ? [given.libraryPath] : [],
      hwcaps: hwcapsLevel(given.hwcaps),
    },
  };
}

/** Gives `use` the options with a directory in place of each source, which is staged meanwhile. */
export async function withRoots<T extends RootOptions>(
  given: T,
  use: (options: T) => Promise<void>,
): Promise<void> {
  const { root, staging, host } = given;
  await withStaged([root, ...staging, ...host], ([first, ...others]) =>
    use({
      ...given,
      root: first!,
      staging: others.slice(0, staging.length),
      host: others.slice(staging.length),
    }),
  );
}

/** Opens a root, under another label if one is given. */
interface Opener {
  readonly directory: string;
  readonly open: (label?: string) => Root;
}

function opener(directory: string, versions: boolean): Opener {
  return {
    directory,
    open: label => ({
      directory,
      view: directoryView(directory, { versions, staged: true, ...(label !== undefined && { label }) }),
    }),
  };
}

/** A host may be a profile, since nothing is copied from it. */
async function hostOpener(place: string, versions: boolean): Promise<Opener> {
  if (kindAt(realPlace(place)) !== 'file') return opener(place, versions);
  const { openHost } = await import('./host-view.ts'); // loaded only here: it brings in the image readers, which few calls need
  return { directory: place, open: label => ({ directory: place, view: openHost(place, label) }) };
}

/** Opens roots under distinct labels: equal labels get the name of the directory, or its path if the names are equal too. */
function distinct(first: readonly Opener[], rest: readonly Opener[]): [Root, ...Root[]] {
  const openers = [...first, ...rest];
  const roots = openers.map(({ open }) => open());
  const label = ({ view }: Root) => view.label;
  const named = ({ directory, view }: Root) =>
    `${view.label} (${basename(directory.replace(/(?<=.)\/+$/, '')) || '/'})`;
  const shared = (root: Root, text: (root: Root) => string) =>
    roots.some(other => other !== root && text(other) === text(root));
  const relabelled = (root: Root, index: number): Root => {
    if (label(root) === root.directory || !shared(root, label)) return root;
    const { open } = openers[index]!;
    return open(shared(root, named) ? `${label(root)} (${root.directory})` : named(root));
  };
  const [root, ...others] = roots.map(relabelled);
  return [root!, ...others];
}

/**
 * Turns a path argument into a path inside the root. With `/` as the root a relative path starts at the current
 * directory, as for every other program; another root has no current directory, so the path starts at the root.
 */
export function insideRoot(path: string, root: string): string {
  if (path === '') throw new FlixError('input', 'empty-path', 'a path is empty', 'Name a file of the root.');
  if (path.startsWith('/')) return path;
  const inside = path.replace(/^(?:\.\/+)+/, '');
  return root === '/' ? join(process.cwd(), inside) : `/${inside}`;
}
