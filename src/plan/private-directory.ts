import type { Placement } from '../relocate/place.ts';
import type { Edit } from '../relocate/edit.ts';
import type { Loader } from '../resolve/loader.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { basename, join, relative } from '../view/path.ts';
import { reachable } from './closures.ts';
import type { Claims } from './claims.ts';
import type { PlaceOf } from './gather.ts';
import { FlixError } from '../errors.ts';
import type { Excluded } from './request.ts';

/** The private directory as it is planned. */
export interface PrivateDirectory {
  /** The loader's place in the tree. */
  readonly loader: string;
  /** Where each object that is loaded lies in the tree, by its identity. */
  readonly targets: ReadonlyMap<string, string>;
}

/**
 * Claims the loader, a copy of every library that has no place of its own, and a relative link for every name
 * under which one is asked for.
 *
 * @param loaderEdits the seal
 * @param editsFor what a copied library needs
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
    why: 'the interpreter of all programs here',
  });
  for (const { path, target } of placement.links)
    claims.claim({
      target: path,
      role: 'metadata',
      content: { kind: 'link', to: target },
      why: 'leads to the private loader and its directory',
    });

  for (const { object, names, requester, preloaded } of libraries) {
    const source = object.view.source(object.real);
    const [first, ...others] = names;
    const why = preloaded
      ? `opened by ${requester.real} while it runs`
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

/** One file that the private directory has to serve, under every name by which it is asked for. */
export interface PrivateLibrary {
  readonly object: LoadedObject;
  /** Bare names, the first one asked for first. */
  readonly names: readonly string[];
  /** Who asked first. */
  readonly requester: LoadedObject;
  readonly preloaded: boolean;
}

/**
 * All that closures want of the private directory. A library that is found under two names is one file; two files
 * under one name are refused, since a flat directory can serve one of them only.
 */
export function privateLibraries(closures: readonly Closure[], excluded: Excluded): PrivateLibrary[] {
  const libraries = new Map<
    string,
    { object: LoadedObject; names: string[]; requester: LoadedObject; preloaded: boolean }
  >();
  const byName = new Map<string, PrivateLibrary>();
  for (const closure of closures)
    for (const requester of [closure.entry, ...reachable(closure, closure.entry, excluded)])
      for (const edge of requester.edges) {
        const { to } = edge;
        if (!to || to.id === closure.loader?.id || excluded(edge.name)) continue;
        let entry = libraries.get(to.id);
        if (!entry)
          libraries.set(
            to.id,
            (entry = { object: to, names: [], requester, preloaded: edge.tag === 'preload' }),
          );
        // a path becomes the name of what it leads to
        const name = basename(edge.name);
        if (entry.names.includes(name)) continue;
        const other = byName.get(name);
        if (other) throw conflict(name, other, { ...entry, requester });
        entry.names.push(name);
        byName.set(name, entry);
      }
  return [...libraries.values()];
}

function conflict(name: string, first: PrivateLibrary, second: PrivateLibrary): FlixError {
  const line = ({ object, requester }: PrivateLibrary) =>
    `  ${object.real} of ${object.view.label}, for ${requester.real}`;
  return new FlixError(
    'input',
    'name-conflict',
    `two libraries are asked for as ${name}:\n${line(first)}\n${line(second)}`,
    'One private directory can hold one of them. Vendor their programs apart, each with its own --name.',
  );
}
