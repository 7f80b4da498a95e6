import { FlixError } from '../errors.ts';
import type { Edit } from '../relocate/edit.ts';
import type { Placement } from '../relocate/place.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { basename, join, relative } from '../view/path.ts';
import type { Claims } from './claims.ts';
import { reachable } from './closures.ts';
import type { PlaceOf } from './gather.ts';
import type { Excluded } from './request.ts';

/** Where the private loader and the libraries lie in the tree. */
export interface PrivateDirectory {
  /** The loader's path in the tree. */
  readonly loader: string;
  /** The path in the tree of each loaded object, by the object's id. */
  readonly targets: ReadonlyMap<string, string>;
}

/**
 * Claims the loader, a copy of every library that has no place of its own in the tree, and a relative link for every
 * further name of a library.
 *
 * @param loaderEdits the seal
 * @param editsFor returns the edits of a copied library
 */
export function claimPrivateDirectory(
  claims: Claims,
  libraries: readonly PrivateLibrary[],
  loader: Loader,
  placement: Placement,
  loaderEdits: readonly Edit[],
  placeOf: PlaceOf,
  editsFor: (object: LoadedObject) => readonly Edit[],
): PrivateDirectory {
  const directory = placement.libraryDirectory;
  const targets = new Map<string, string>();
  const link = (path: string, to: string, why: string) =>
    claims.claim({ target: path, role: 'library', content: { kind: 'link', to: relative(path, to) }, why });

  const loaderSource = loader.view.source(loader.real);
  const loaderTarget = join(directory, basename(loader.real));
  targets.set(loader.id, loaderTarget);
  claims.claim({
    target: loaderTarget,
    role: 'loader',
    content: { kind: 'copy', view: loaderSource.view, path: loaderSource.path, edits: loaderEdits },
    why: 'the interpreter of all programs in the tree',
  });
  for (const { path, target } of placement.links)
    claims.claim({
      target: path,
      role: 'metadata',
      content: { kind: 'link', to: target },
      why: 'link to the private loader and its directory',
    });

  for (const { object, names, requester, preloaded } of libraries) {
    const source = object.view.source(object.real);
    const [first, ...others] = names;
    const why = preloaded
      ? `opened by ${requester.real} at run time`
      : `needed by ${requester.real}${first === undefined ? '' : ` as ${first}`}`;
    const standing = placeOf(source.view, source.path);
    if (standing !== undefined) {
      targets.set(object.id, standing);
      for (const name of names) link(join(directory, name), standing, why);
      continue;
    }
    const target = join(directory, first ?? basename(object.real));
    targets.set(object.id, target);
    const content = {
      kind: 'copy',
      view: source.view,
      path: source.path,
      edits: editsFor(object),
    } as const;
    claims.claim({ target, role: 'library', content, why });
    for (const name of others) link(join(directory, name), target, why);
  }
  return { loader: loaderTarget, targets };
}

/** A library that the private directory must provide, under every name by which it is needed. */
export interface PrivateLibrary {
  readonly object: LoadedObject;
  /** Without directories, in the order in which they are needed. */
  readonly names: readonly string[];
  /** The object that needs it first. */
  readonly requester: LoadedObject;
  readonly preloaded: boolean;
}

/**
 * Lists the libraries that the private directory must provide for some closures, and for names that are opened at run
 * time. A library with two names is one file; two files with one name are an error, since one directory can hold only one
 * of them.
 *
 * @param opened the names of which the tree must have the library, with the closure of the process
 */
export function privateLibraries(
  closures: readonly Closure[],
  excluded: Excluded,
  opened: readonly BroughtName[] = [],
): PrivateLibrary[] {
  const libraries = new Map<
    string,
    { object: LoadedObject; names: string[]; requester: LoadedObject; preloaded: boolean }
  >();
  const byName = new Map<string, PrivateLibrary>();
  const add = (to: LoadedObject, path: string, requester: LoadedObject, preloaded: boolean) => {
    let entry = libraries.get(to.id);
    if (!entry) libraries.set(to.id, (entry = { object: to, names: [], requester, preloaded }));
    // DT_NEEDED may hold a path: its last component is the name
    const name = basename(path);
    if (entry.names.includes(name)) return;
    const other = byName.get(name);
    if (other) throw conflict(name, other, { ...entry, requester });
    entry.names.push(name);
    byName.set(name, entry);
  };
  const addEdges = (closure: Closure, requester: LoadedObject) => {
    for (const { tag, name, to } of requester.edges)
      if (to && to.id !== closure.loader?.id && !excluded(name)) add(to, name, requester, tag === 'preload');
  };
  for (const closure of closures)
    for (const requester of [closure.entry, ...reachable(closure, closure.entry, excluded)])
      addEdges(closure, requester);
  for (const { closure, name, caller, to } of opened) {
    add(to, name, caller, true);
    for (const requester of [to, ...reachable(closure, to, excluded)]) addEdges(closure, requester);
  }
  return [...libraries.values()];
}

/** A name that an object opens at run time, and of which the tree must have the library. */
export interface BroughtName {
  readonly closure: Closure;
  readonly caller: LoadedObject;
  readonly name: string;
  readonly to: LoadedObject;
}

function conflict(name: string, first: PrivateLibrary, second: PrivateLibrary): FlixError {
  const line = ({ object, requester }: PrivateLibrary) =>
    `  ${object.real} of ${object.view.label}, for ${requester.real}`;
  return new FlixError(
    'input',
    'name-conflict',
    `two libraries are needed under the name ${name}:\n${line(first)}\n${line(second)}`,
    'A private directory can hold only one of them. Vendor their programs separately, each with its own --name.',
  );
}
