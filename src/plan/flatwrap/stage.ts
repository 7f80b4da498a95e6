import type { Closure } from '../../resolve/closure.ts';
import { follow } from '../../view/follow.ts';
import { resolvePlaced } from '../closures.ts';
import type { Placed } from '../gather.ts';
import { reachable } from '../library-names.ts';
import type { PlacedClosure } from '../missing.ts';
import { openedAtRunTime, refuseDlopen } from '../opened-at-run-time.ts';
import type { Remark } from '../../manifest/manifest.ts';
import type { PlanRequest } from '../request.ts';
import { startedPrograms, type Wanted } from './asked.ts';
import { type ChosenForm, INNER_UNSHARE } from './form.ts';
import { bringLoader, loadersOf } from './loaders.ts';
import type { StagedRoot } from './staged-root.ts';

/** What the programs of a staged root load. */
export interface Staged {
  readonly closures: readonly PlacedClosure[];
  readonly remarks: readonly Remark[];
}

/**
 * Brings all that the view has to show, and what its programs load: the whole root, or the closure of what is wanted.
 * Throws `FlixError` where a library is missing.
 */
export function stage(
  request: PlanRequest,
  staged: StagedRoot,
  wanted: readonly Wanted[],
  { form }: Pick<ChosenForm, 'form'>,
  trim: boolean,
  resolve: (path: string) => Closure,
): Staged {
  const view = request.roots[0]!;
  const overmount = form === 'overmount';
  if (!trim) staged.bringAll('/', 'in the root');
  for (const { path, real, is, why } of wanted) {
    staged.bring(path, why);
    if (is === 'directory') staged.bringAll(real, why);
  }
  if (overmount) staged.bring(INNER_UNSHARE, 'lets a caller who is not root keep his ids');
  const started = [...startedPrograms(view, wanted), ...(overmount ? [INNER_UNSHARE] : [])];
  const placed = trim
    ? [...staged.placed]
    : started.map(path => programAt(follow(view, path).path ?? path, staged));

  const { closures, remarks } = resolvePlaced(request, placed, resolve);
  const usable = closures.filter(({ closure }) => !closure.fatal);
  const loaders = loadersOf(usable);
  if (loaders.length === 0) refuseDlopen(request.dlopen);
  const opened = loaders.length > 0 ? openedAtRunTime(request, usable) : [];
  for (const loader of loaders) bringLoader(staged, loader, overmount);
  for (const closure of [...usable.map(({ closure: own }) => own), ...opened])
    for (const { path, requester } of reachable(closure, closure.entry, request.excluded))
      staged.bring(
        path,
        requester ? `needed by ${requester.real}` : `opened by ${closure.entry.real} while it runs`,
      );
  return { closures: usable, remarks: [...remarks, ...staged.remarks, ...staged.strayLinks()] };
}

function programAt(path: string, staged: StagedRoot): Placed {
  return { role: 'program', path, target: staged.place(path) };
}
