import type { Claims } from './claims.ts';
import { Gathering, type Placed } from './gather.ts';
import { gatherTree } from './gather-tree.ts';
import type { PlanRequest } from './request.ts';
import { firstPlace, gathered, inPlace, type Places } from './places.ts';
import type { Remark } from '../manifest/manifest.ts';

/** What was asked for, with its places in the tree. */
export interface Gathered {
  readonly placed: readonly Placed[];
  readonly places: Places;
  /** Programs, by the names under which they were asked for. */
  readonly entries: readonly string[];
  readonly remarks: Remark[];
}

/** Claims all that was asked for: a DESTDIR tree with what is included from its first staging root, or paths of a root. */
export function gatherRequest(request: PlanRequest, claims: Claims): Gathered {
  const { tree, roots, skip } = request;
  const source = roots[0]!;
  const gathering = new Gathering(source, claims, skip);
  const places: Places[] = [gathered(source, gathering)];
  const inTree =
    tree &&
    gatherTree(
      tree,
      claims,
      request.paths.map(({ source: path }) => path),
      skip,
    );
  if (tree) places.unshift(inPlace(tree));
  else for (const path of request.paths) gathering.add(path, 'asked for');
  for (const path of request.includes) gathering.add(path, 'included');
  gathering.settle();
  const ownEntries = inTree?.placed.filter(({ role }) => role === 'entry').map(({ target }) => target);
  return {
    placed: [...(inTree?.placed ?? []), ...gathering.placed],
    places: firstPlace(places),
    entries: ownEntries ?? gathering.entries,
    remarks: [...(inTree?.remarks ?? []), ...gathering.remarks],
  };
}
