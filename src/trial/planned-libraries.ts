import { glibc, isLibcPart } from '../libc/libc.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { objectAt } from '../view/object.ts';
import { basename, parent } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** What the programs of a tree that is bound to hosts take from there. */
export interface ExpectedOfHost {
  /** The names of libraries and loaders. */
  readonly names: ReadonlySet<string>;
  /** Where the hosts have them. */
  readonly directories: ReadonlySet<string>;
}

/** Returns what manifests expect of the host; `undefined`: no tree of theirs is bound to hosts. */
export function expectedOfHost(manifests: readonly Manifest[]): ExpectedOfHost | undefined {
  const hosts = manifests.flatMap(({ host }) => host ?? []);
  if (hosts.length === 0) return undefined;
  const libraries = hosts.flatMap(host => host.libraries);
  const interpreters = hosts.flatMap(host => host.interpreters);
  const chosen = hosts.flatMap(({ choices }) =>
    choices.flatMap(({ name, from }) => (from === 'host' ? [name] : [])),
  );
  return {
    names: new Set([...libraries.map(({ name }) => name), ...chosen, ...interpreters.map(basename)]),
    directories: new Set([...libraries.flatMap(({ paths }) => paths), ...interpreters].map(parent)),
  };
}

/** An ELF file that a program opened, by its real path and the path that the program named. */
export interface OpenedObject {
  readonly real: string;
  readonly path: string;
}

/**
 * Returns which libraries of the host a program uses as planned: those that the manifest expects, what these need or name
 * as text to open it at run time, and modules of the host, such as those of NSS. Not planned is a library of which the
 * process has another file under the same name from the tree, or a module that needs one of the tree's libraries.
 *
 * @param ours the program and the objects of the trees that it opened
 * @returns real paths
 */
export function plannedLibraries(
  view: View,
  { names, directories }: ExpectedOfHost,
  ofHost: readonly OpenedObject[],
  ours: readonly OpenedObject[],
): Set<string> {
  const taken = new Set(ours.flatMap(object => namesOf(view, object)));
  const expected = new Set(names);
  const planned = new Set<string>();
  const isModule = (object: OpenedObject) =>
    !directories.has(parent(object.real)) || namesOf(view, object).some(isOpenedByLibc);
  const isOpenedByPlanned = (own: readonly string[]) =>
    [...planned].some(real => isNamedIn(view, real, own)) &&
    !ours.some(({ real }) => isNamedIn(view, real, own));
  const isPlanned = (object: OpenedObject) => {
    const own = namesOf(view, object);
    if (own.some(name => taken.has(name))) return false;
    if (own.some(name => expected.has(name)) || isOpenedByPlanned(own)) return true;
    return isModule(object) && !neededBy(view, object).some(name => taken.has(name));
  };
  for (let size = -1; planned.size > size;) {
    size = planned.size;
    for (const object of ofHost)
      if (!planned.has(object.real) && isPlanned(object)) {
        planned.add(object.real);
        for (const name of neededBy(view, object)) expected.add(name);
      }
  }
  return planned;
}

/** Whether the bytes of an object contain one of these names as a text of C. */
function isNamedIn(view: View, real: string, names: readonly string[]): boolean {
  const bytes = readBytes(view, real);
  if (!bytes) return false;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return names.some(name => buffer.includes(`${name}\0`, 0, 'latin1'));
}

function namesOf(view: View, { real, path }: OpenedObject): string[] {
  const soname = objectAt(view, real).facts?.dynamic?.soname;
  return [...(soname === undefined ? [] : [soname]), basename(real), basename(path)];
}

function neededBy(view: View, { real }: OpenedObject): string[] {
  return (objectAt(view, real).facts?.dynamic?.needed ?? []).map(({ name }) => name);
}

/** Modules of NSS lie among the libraries (nsswitch.conf(5)). */
function isOpenedByLibc(name: string): boolean {
  return isLibcPart(name, name) || /^libnss_\w+\.so\.\d$/.test(name) || glibc.opens(0).includes(name);
}
