import type { Closure, LoadedObject } from '../../resolve/closure.ts';
import { loaderAt } from '../../resolve/loader.ts';
import type { ResolveOptions } from '../../resolve/options.ts';
import { type Resolver, resolver } from '../../resolve/resolve.ts';
import { layeredView } from '../../view/layers.ts';
import type { View } from '../../view/view.ts';
import type { PlannedFile } from '../plan.ts';
import { plannedView } from '../planned-view.ts';
import type { Excluded } from '../request.ts';
import type { Host } from './host.ts';
import { pinnedEdge } from './pins.ts';
import { type PinOf, type Problem, problemsOf, type Subject } from './problems.ts';

/** What a file of the tree loads on a host. */
export interface HostClosure {
  readonly host: Host;
  readonly subject: Subject;
  readonly closure: Closure;
  /** Whether an object comes from the tree. */
  readonly isOurs: (object: LoadedObject) => boolean;
  readonly pinOf: PinOf;
  readonly problems: readonly Problem[];
}

/** Shows a tree merged over a host. */
export function mergedWith(tree: View, host: View): View {
  return layeredView([tree, host], `the tree over ${host.label}`);
}

/**
 * Returns the resolver of the merged view of a host. The host's cache stays as it is: nobody runs ldconfig after a merge.
 *
 * @param interpreter that of the programs of the tree, which also loads its libraries
 */
export function hostResolver(
  merged: View,
  interpreter: string | undefined,
  opened: readonly string[] = [],
): Resolver {
  const libraryLoader = interpreter === undefined ? undefined : loaderAt(merged, interpreter);
  const options: ResolveOptions = { preloadFile: false, libraryLoader, opened };
  return resolver([merged], options);
}

/** Resolves files of a planned tree on every host, by the rules of the host's loader. */
export function evaluate(
  files: readonly PlannedFile[],
  subjects: readonly Subject[],
  hosts: readonly Host[],
  excluded: Excluded,
): HostClosure[] {
  const tree = plannedView(files);
  const contents = new Map(files.map(({ target, content }) => [target, content]));
  const interpreter = subjects.find(({ file }) => file.role !== 'object')?.staged.loader?.path;
  return hosts.flatMap(host => {
    const merged = mergedWith(tree, host.view);
    const isOurs = ({ real }: LoadedObject) => merged.source(real).view === tree;
    const resolvers = new Map<string, Resolver>();
    return subjects.map((subject): HostClosure => {
      const key = subject.opened.join('\0');
      let resolve = resolvers.get(key);
      if (!resolve) resolvers.set(key, (resolve = hostResolver(merged, interpreter, subject.opened)));
      const closure = resolve(subject.file.target);
      const originOf = (object: LoadedObject) => {
        const content = isOurs(object) ? contents.get(object.real) : undefined;
        return content?.kind === 'copy' ? content : undefined;
      };
      const pinOf: PinOf = (requester, edge) =>
        edge.to && isOurs(requester) !== isOurs(edge.to)
          ? pinnedEdge(requester, edge, subject.staged, originOf)
          : undefined;
      const problems = problemsOf({ host, subject, closure, isOurs, excluded, pinOf });
      return { host, subject, closure, isOurs, pinOf, problems };
    });
  });
}
