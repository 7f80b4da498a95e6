import { FlixError } from '../errors.ts';
import type { ResolveOptions } from '../resolve/options.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { layeredView } from '../view/layers.ts';
import { basename, join } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { hwcapsLevel } from '../resolve/abi.ts';

/** What a command that resolves was told about roots and the loader's environment, as commander gives it. */
export interface RootArguments {
  readonly root: string;
  readonly staging?: readonly string[];
  readonly host?: readonly string[];
  readonly libraryPath?: string;
  /** `false` with `--no-cache`. */
  readonly cache: boolean;
  readonly hwcaps?: string;
}

/** A directory that was named, and what is seen in it. */
export interface Root {
  readonly directory: string;
  readonly view: View;
}

/** Roots as a resolver wants them. */
export interface Roots {
  /** The root itself first, then staging roots and hosts, each once and in the order of the command line. */
  readonly all: readonly [Root, ...Root[]];
  /** What a lookup tries, one after the other. */
  readonly views: readonly View[];
  readonly options: ResolveOptions;
}

/**
 * Opens the roots of a command line. With staging the loader's world is the root laid over one staging root after
 * the other, as if ldconfig had run there; a host comes after all of them, since it is what the target adds.
 *
 * @param versions whether objects are read with their symbol versions
 */
export async function openRoots(given: RootArguments, versions = true): Promise<Roots> {
  const { staging = [], host = [] } = given;
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
      // as the variable, an empty list is none, and an empty element the current directory
      libraryPath: given.libraryPath ? given.libraryPath.split(/[:;]/) : [],
      hwcaps: hwcapsLevel(given.hwcaps),
    },
  };
}

/** How a root is opened again under another label. */
interface Opener {
  readonly directory: string;
  readonly open: (label?: string) => Root;
}

function opener(directory: string, versions: boolean): Opener {
  return {
    directory,
    open: label => ({
      directory,
      view: directoryView(directory, label === undefined ? { versions } : { versions, label }),
    }),
  };
}

/** A host may be given by its profile: nothing is copied from it. */
async function hostOpener(place: string, versions: boolean): Promise<Opener> {
  if (kindAt(realPlace(place)) !== 'file') return opener(place, versions);
  const { openHost } = await import('./host-view.ts'); // with all that reads images, which hardly a call needs
  return { directory: place, open: label => ({ directory: place, view: openHost(place, label) }) };
}

/** Labels tell roots apart: equal ones say the directory's name too, or all of its path if those are equal as well. */
function distinct(first: readonly Opener[], rest: readonly Opener[]): [Root, ...Root[]] {
  const openers = [...first, ...rest];
  const roots = openers.map(({ open }) => open());
  const label = ({ view }: Root) => view.label;
  const named = ({ directory, view }: Root) =>
    `${view.label} (${basename(directory.replace(/(?<=.)\/+$/, '')) || '/'})`;
  const shared = (root: Root, text: (root: Root) => string) =>
    roots.some(other => other !== root && text(other) === text(root));
  const tell = (root: Root, index: number): Root => {
    if (label(root) === root.directory || !shared(root, label)) return root;
    const { open } = openers[index]!;
    return open(shared(root, named) ? `${label(root)} (${root.directory})` : named(root));
  };
  const told = roots.map(tell);
  return [told[0]!, ...told.slice(1)];
}

/**
 * A path argument as a path inside the root. Under `/` it is what it is for every other program: relative to the
 * current directory. Inside another root there is no current directory.
 */
export function insideRoot(path: string, root: string): string {
  if (path === '')
    throw new FlixError('input', 'empty-path', 'an empty path names no file', 'Name a file of the root.');
  if (path.startsWith('/')) return path;
  const inside = path.replace(/^(?:\.\/+)+/, '');
  return root === '/' ? join(process.cwd(), inside) : `/${inside}`;
}
