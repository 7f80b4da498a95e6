import { isProgram } from '../elf/classify.ts';
import { FlixError } from '../errors.ts';
import type { Remark } from '../manifest/manifest.ts';
import { objectAt } from '../view/object.ts';
import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Claims } from './claims.ts';
import { withoutForeign } from './foreign.ts';
import { Gathering, type Placed } from './gathering.ts';
import type { PlanRequest } from './request.ts';
import { linkText, malformedRemarks } from './source.ts';

/**
 * Returns where a file of a root lies in the tree; `undefined`: it has no place of its own there.
 * @param view the root that holds the file itself, not a stack of roots
 */
export type PlaceOf = (view: View, path: string) => string | undefined;

/** The requested files, with their places in the tree. */
export interface Gathered {
  readonly placed: readonly Placed[];
  readonly placeOf: PlaceOf;
  /** Programs, by the names under which they were requested. */
  readonly entries: readonly string[];
  readonly remarks: Remark[];
}

/**
 * Claims every requested file: the named paths of a root, or a DESTDIR tree; and the included paths of the first
 * staging root.
 */
export function gatherRequest(
  { tree, roots, lookups, paths, includes, skip }: PlanRequest,
  claims: Claims,
): Gathered {
  const root = roots[0]!;
  const gathering = new Gathering(root, claims, skip);
  const ofTree =
    tree &&
    gatherTree(
      tree,
      claims,
      paths.map(({ source }) => source),
      skip,
    );
  if (!tree) for (const path of paths) gathering.add(path, 'requested');
  for (const path of includes) gathering.add(path, 'included');
  gathering.settle();
  const inTree = new Set<Placed>(ofTree?.placed);
  const { own, foreign, remarks } = withoutForeign(
    [...inTree, ...gathering.placed],
    file => (tree && inTree.has(file) ? tree : root),
    lookups,
  );
  for (const { target } of foreign) claims.replace({ ...claims.get(target)!, role: 'resource' });
  const data = new Set(foreign.map(({ target }) => target));
  const treeEntries = own
    .filter(file => inTree.has(file) && file.role === 'entry')
    .map(({ target }) => target);
  return {
    placed: own,
    placeOf(view, path) {
      if (view === tree) return claims.get(path) && path;
      return view === root ? gathering.placeOf(path) : undefined;
    },
    entries: tree ? treeEntries : gathering.entries.filter(target => !data.has(target)),
    remarks: [...(ofTree?.remarks ?? []), ...gathering.remarks, ...remarks],
  };
}

/**
 * Claims every file of a DESTDIR tree at its own path. Throws `FlixError` if a named program is not in the tree.
 *
 * @param entries programs, or directories of programs, to which the work is restricted; empty: all
 */
export function gatherTree(
  tree: View,
  claims: Claims,
  entries: readonly string[],
  skip: (path: string) => boolean,
): { placed: Placed[]; remarks: Remark[] } {
  const placed: Placed[] = [];
  const remarks: Remark[] = [];
  const why = 'in the tree';
  for (const { path, kind } of walk(tree, '/', skip)) {
    const facts = kind === 'file' ? objectAt(tree, path, kind).facts : undefined;
    const program = facts !== undefined && isProgram(facts);
    const isRequested = entries.length === 0 || entries.some(entry => within(entry, path));
    if (facts && (program ? isRequested : facts.dynamic)) {
      if (program && !isMerged(path)) throw notMerged(tree, path);
      const role = program ? 'entry' : 'object';
      placed.push({ role, path, target: path, named: entries.includes(path) });
      claims.claim({ target: path, role, content: { kind: 'copy', view: tree, path, edits: [] }, why });
      continue;
    }
    if (kind === 'file') remarks.push(...malformedRemarks(tree, path, path));
    claimAsIs(tree, claims, path, kind, why);
  }
  if (placed.length === 0)
    throw new FlixError(
      'input',
      'no-program',
      `${tree.label} contains no ELF program or library`,
      'A tree made by make install DESTDIR=… has a directory usr/; a whole root has an os-release.',
    );
  for (const entry of entries)
    if (!placed.some(({ role, path }) => role === 'entry' && within(entry, path)))
      throw new FlixError(
        'input',
        'no-program',
        `${entry} is not an ELF program in ${tree.label}`,
        'Name a program inside the tree, or no path at all to take every program.',
      );
  for (const name of tree.list('/').keys())
    if (!isMerged(`/${name}`) && !skip(`/${name}`))
      remarks.push({
        code: 'not-merged',
        file: `/${name}`,
        message:
          'stays in the tree, but systemd-sysext merges only /usr and /opt, and flix pack refuses the tree',
      });
  return { placed, remarks };
}

function isMerged(path: string): boolean {
  return within('/usr', path) || within('/opt', path);
}

function notMerged(tree: View, path: string): FlixError {
  return new FlixError(
    'input',
    'target-outside',
    `${path} of ${tree.label} lies outside /usr and /opt, the only directories that a system extension merges`,
    'Install it under /usr (configure --prefix=/usr, cmake -DCMAKE_INSTALL_PREFIX=/usr).',
  );
}

function claimAsIs(view: View, claims: Claims, path: string, kind: string, why: string): void {
  const base = { target: path, role: 'resource', why } as const;
  if (kind === 'file') claims.claim({ ...base, content: { kind: 'copy', view, path, edits: [] } });
  else if (kind === 'directory') claims.claim({ ...base, content: { kind, view, path } });
  else if (kind === 'link')
    claims.claim({ ...base, content: { kind, to: linkText(view, path), origin: { view, path } } });
  else
    throw new FlixError(
      'input',
      'special-file',
      `${path} of ${view.label} is a FIFO, socket or device, which does not belong in an image`,
      'Remove it; systemd-tmpfiles creates such files on the host.',
    );
}
