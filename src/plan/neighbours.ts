import type { Remark } from '../manifest/manifest.ts';
import { locatesItself, neighboursOf } from '../needs/neighbours.ts';
import { basename, join, normalise, parent, relative, within } from '../view/path.ts';
import { withParents } from './bring-needs.ts';
import type { Claims } from './claims.ts';
import type { PlaceOf } from './gather.ts';
import type { PrivateLibrary } from './private-directory.ts';
import { targetOf } from './target.ts';

/** Directories that a loader searches below each of its own. */
const SEARCHED: ReadonlySet<string> = new Set(['glibc-hwcaps', 'tls', 'x86_64', 'haswell']);

/**
 * Mirrors what libraries look for beside themselves. In the tree they are loaded from the private directory, so that a
 * relative link there leads to each neighbour that the tree has; a neighbour that it does not have is named in a remark.
 */
export function claimNeighbours(
  claims: Claims,
  libraryDirectory: string,
  libraries: readonly PrivateLibrary[],
  placeOf: PlaceOf,
): Remark[] {
  const remarks: Remark[] = [];
  const files = claims.sorted().filter(({ role }) => role !== 'metadata' && role !== 'library');
  const targets = files.map(({ target }) => target);
  // what is redirected is beside the libraries already
  const taken = withParents(claims.sorted().map(({ target }) => target));
  for (const { object } of libraries) {
    const { view, path: real } = object.view.source(object.real);
    if (!locatesItself(view, real)) continue;
    const standing = placeOf(view, real);
    const directory = standing === undefined ? targetOf(parent(real)) : parent(standing);
    // the compiler may have turned the strings into code, so what the tree has is mirrored without their evidence
    const neighbours = new Map<string, string | undefined>();
    for (const name of directoriesIn(directory, targets))
      if (!SEARCHED.has(name)) neighbours.set(join(parent(real), name), join(directory!, name));
    for (const path of neighboursOf(view, real).keys())
      if (!neighbours.has(path)) neighbours.set(path, placeOf(view, path) ?? targetOf(path));
    for (const [path, place] of neighbours) {
      const away = normalise(join(libraryDirectory, relative(real, path)));
      if (!within(parent(libraryDirectory), away) || claims.get(away) || taken.has(away)) continue;
      if (place !== undefined && targets.some(target => within(place, target)))
        claims.claim({
          target: away,
          role: 'library',
          content: { kind: 'link', to: relative(away, place) },
          why: `${basename(real)} looks for it beside itself`,
        });
      else
        remarks.push({
          code: 'neighbour-left-out',
          file: join(libraryDirectory, basename(real)),
          message: `looks for ${path} beside itself, which is not in the tree. Name ${path}, too, if that feature is used.`,
        });
    }
  }
  return remarks;
}

/** Returns the names of the directories that a directory of the tree contains. */
function directoriesIn(directory: string | undefined, targets: readonly string[]): Set<string> {
  const names = new Set<string>();
  if (directory === undefined) return names;
  for (const target of targets) {
    if (!within(directory, target)) continue;
    const [name, ...below] = target.slice(directory.length + 1).split('/');
    if (name !== undefined && below.length > 0) names.add(name);
  }
  return names;
}
