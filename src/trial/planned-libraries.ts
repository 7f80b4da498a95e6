import { glibc, isLibcPart } from '../libc/libc.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { objectAt } from '../view/object.ts';
import { basename, parent } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** What the programs of a tree that is bound to hosts take from the host. */
export interface ExpectedOfHost {
  /** The names of libraries and loaders. */
  readonly names: ReadonlySet<string>;
  /** The directories in which the hosts of the manifest have them. */
  readonly directories: ReadonlySet<string>;
}

/** Returns what manifests expect of the host; `undefined`: none of them is of a tree that is bound to hosts. */
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

/** An ELF file that a program opened. */
export interface OpenedObject {
  readonly real: string;
  /** As the program named it. */
  readonly path: string;
}

/**
 * Returns which libraries of the host a program uses as planned: those that the manifest expects, those that these need, or
 * open at run time by a name in their strings, and modules of the host, such as those of NSS. A library is not planned if the
 * program also opened a file of the tree under one of its names, and a module is not if it needs a library of the tree.
 *
 * @param ofHost the objects of the host that the program opened
 * @param ours the program, and the objects of the trees that it opened
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

/** Whether an object contains one of these names, or a text that ends with it, as a null-terminated string. */
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

/**
 * Whether the C library opens a library itself, such as a module of NSS, which is in a directory of libraries
 * (nsswitch.conf(5)).
 */
function isOpenedByLibc(name: string): boolean {
  return isLibcPart(name, name) || /^libnss_\w+\.so\.\d$/.test(name) || glibc.opens(0).includes(name);
}
