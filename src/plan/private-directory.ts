import type { Placement } from '../relocate/place.ts';
import type { Edit } from '../relocate/edit.ts';
import type { Loader } from '../resolve/loader.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import { basename, join, relative } from '../view/path.ts';
import type { Claims } from './claims.ts';
import type { Wanted } from './library-names.ts';
import type { Places } from './places.ts';

/** The private directory as it is planned. */
export interface PrivateDirectory {
  /** The loader's place in the tree. */
  readonly loader: string;
  /** Where each object that is loaded lies in the tree, by its identity. */
  readonly targets: ReadonlyMap<string, string>;
}

/**
 * Claims the loader, a copy of every wanted library that has no place of its own, and a relative link for every name
 * under which one is asked for.
 *
 * @param loaderEdits the seal
 * @param editsFor what a copied library needs
 */
export function claimPrivateDirectory(
  claims: Claims,
  wanted: readonly Wanted[],
  loader: Loader,
  placement: Placement,
  loaderEdits: readonly Edit[],
  places: Places,
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

  for (const { object, names, requester, preloaded } of wanted) {
    const source = object.view.source(object.real);
    const [first, ...others] = names;
    const why = preloaded
      ? `opened by ${requester.real} while it runs`
      : `needed by ${requester.real}${first === undefined ? '' : ` as ${first}`}`;
    const standing = places.placeOf(source.view, source.path);
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
