import { FlixError } from '../errors.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { addedBy, needingStack, refusesStack } from '../resolve/executable-stack.ts';
import type { Loader } from '../resolve/loader.ts';
import type { PlacedClosure } from './closures.ts';
import type { BroughtName } from './private-directory.ts';

/** What programs may open besides the objects that have a place of their own. */
interface OpenedLater {
  /** Programs that were resolved with what they open. */
  readonly opened?: readonly Closure[];
  readonly brought?: readonly BroughtName[];
}

/**
 * Names objects that no program of the tree can open with every glibc, because they need an executable stack. What a
 * program loads at start is not among them.
 *
 * @param targetOf returns the path of an object in the tree
 */
export function stackRemarks(
  placed: readonly PlacedClosure[],
  { opened = [], brought = [] }: OpenedLater,
  targetOf: (object: LoadedObject) => string | undefined,
): Remark[] {
  const programs = placed.filter(({ role, closure }) => role !== 'object' && closure.loader);
  const openings: Opening[] = [
    ...placed.filter(({ role }) => role === 'object').map(({ closure }) => closure),
    ...opened,
    ...brought.map(({ to, closure: { loader } }) => ({ objects: addedBy(to, []), loader })),
  ];
  const remarks = new Map<string, Remark>();
  for (const opening of openings) {
    const [refusal] = lackedBy(
      programs.map(({ closure }) => closure),
      opening,
    );
    if (!refusal || remarks.has(refusal.object.id)) continue;
    const { object, loader } = refusal;
    const file = targetOf(object) ?? object.real;
    remarks.set(object.id, { code: 'executable-stack', file, message: messageFor(object, loader) });
  }
  return [...remarks.values()];
}

/** An object that a program opens, and everything that it loads. */
type Opening = Pick<Closure, 'objects' | 'loader'>;

/** An object for whose stack a process lacks the permission, and the loader of that process. */
interface LackedStack {
  readonly object: LoadedObject;
  readonly loader: Loader;
}

/** Returns what each program lacks; nothing if one of them can open everything, or loads it at start. */
function lackedBy(programs: readonly Closure[], { objects, loader }: Opening): LackedStack[] {
  const processes = programs.length > 0 ? programs : [{ loader, objects: [] }];
  const lacked = processes.flatMap(({ loader: own, objects: started }) => {
    const known = new Set(started.map(({ id }) => id));
    const added = objects.filter(({ id }) => !known.has(id));
    const [object] = own ? needingStack(own, started, added) : [];
    return object ? [{ object, loader: own! }] : [];
  });
  return lacked.length === processes.length ? lacked : [];
}

/** Throws `FlixError` if no program can open a library that `--dlopen` names. */
export function refuseStack(opened: readonly { readonly before: Closure; readonly after: Closure }[]): void {
  const lacked = opened.map(({ before, after }) => lackedBy([before], after)[0]);
  const [first] = lacked;
  if (!first || !lacked.every(lack => lack && refusesStack(lack.loader))) return;
  const { object, loader } = first;
  throw new FlixError(
    'input',
    'not-loadable',
    `--dlopen: ${object.real} needs an executable stack, which glibc ${loader.version} does not give to a running program`,
    `If its code does not run on the stack, clear the flag in the root: ${clearCommand(object)} (patchelf 0.18 or newer). Otherwise bring the file with --include, and start the program with GLIBC_TUNABLES=glibc.rtld.execstack=2.`,
  );
}

function messageFor(object: LoadedObject, loader: Loader): string {
  const consequence = refusesStack(loader)
    ? `which glibc ${loader.version} does not give to a running program, so that no program can open it`
    : `which glibc ${loader.version ?? 'before 2.33'} gives to a running program, but 2.41 and newer does not`;
  return `needs an executable stack, ${consequence}. If its code does not run on the stack, clear the flag in the root with “${clearCommand(object)}” (patchelf 0.18 or newer); otherwise start the program with GLIBC_TUNABLES=glibc.rtld.execstack=2.`;
}

function clearCommand({ real }: LoadedObject): string {
  return `patchelf --clear-execstack ${real}`;
}
