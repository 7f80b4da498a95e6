import type { Reference } from '../../elf/symbols.ts';
import { type Closure, type Edge, type LoadedObject, withLoader } from '../../resolve/closure.ts';
import { defines, undefinedSymbols } from '../../resolve/symbol-check.ts';
import { symbolsAt } from '../../view/object.ts';
import type { Placed } from '../gathering.ts';
import type { Excluded } from '../request.ts';
import type { Host } from './host.ts';
import type { PinnedEdge } from './pins.ts';

/** A file of the tree that is started or opened by itself, and what it loads in its own root. */
export interface Subject {
  readonly file: Placed;
  /** Programs that the user named may do without it. */
  readonly optional: boolean;
  /** Libraries that it opens at run time, which are loaded before its dependencies. */
  readonly opened: readonly string[];
  readonly staged: Closure;
}

/** What keeps a file of the tree from working on a host. Paths of requesters are those in the merged view. */
export type Problem = {
  readonly host: Host;
  readonly subject: Subject;
} & (
  | { readonly kind: 'interpreter'; readonly path: string }
  | { readonly kind: 'fatal'; readonly path: string; readonly reason: string }
  | { readonly kind: 'library'; readonly name: string; readonly requester: LoadedObject }
  | {
      readonly kind: 'version';
      readonly file: string;
      readonly version: string;
      readonly requester: LoadedObject;
      readonly provider: LoadedObject;
    }
  | {
      readonly kind: 'symbol';
      readonly reference: Reference;
      readonly requester: LoadedObject;
      /** The object that defines it in the staging root; `undefined`: the requester belongs to the host. */
      readonly definer: LoadedObject | undefined;
    }
  | {
      readonly kind: 'pin';
      /** Of the library, as the requester names it. */
      readonly name: string;
      readonly requester: LoadedObject;
      readonly pin: PinnedEdge;
    }
);

/** Identifies a problem among those of other selections of libraries. */
export function keyOf(problem: Problem): string {
  const { host, subject, kind } = problem;
  const what =
    kind === 'interpreter' || kind === 'fatal'
      ? problem.path
      : kind === 'library'
        ? problem.name
        : kind === 'pin'
          ? `${problem.name}\0${problem.requester.real}`
          : kind === 'version'
            ? `${problem.file}\0${problem.version}\0${problem.requester.real}`
            : `${symbolText(problem.reference)}\0${problem.requester.real}`;
  return [host.label, subject.file.target, kind, what].join('\0');
}

export function symbolText({ name, version }: Pick<Reference, 'name' | 'version'>): string {
  return version === undefined ? name : `${name}@${version}`;
}

interface ProblemRequest {
  readonly host: Host;
  readonly subject: Subject;
  /** On the host, with the tree merged over it. */
  readonly closure: Closure;
  readonly isOurs: (object: LoadedObject) => boolean;
  readonly excluded: Excluded;
  readonly pinOf: PinOf;
}

/** Returns the pin between an object and a library that it loads, if one is a file of the tree and the other of the host. */
export type PinOf = (requester: LoadedObject, edge: Edge) => PinnedEdge | undefined;

/**
 * Returns what keeps a file from working on a host, without the faults that it has in its own root as well. Symbols are
 * examined only if every library is found, because a missing library explains its missing symbols.
 */
export function problemsOf(request: ProblemRequest): Problem[] {
  const { host, subject, closure, excluded } = request;
  const { entry, fatal, interpreterMissing } = closure;
  const own = entry.facts.interpreter;
  if (interpreterMissing !== undefined || (own !== undefined && subject.staged.loader && !closure.loader))
    return [{ host, subject, kind: 'interpreter', path: interpreterMissing ?? own! }];
  if (fatal) return [{ host, subject, kind: 'fatal', path: fatal.path, reason: fatal.reason }];
  const missing = closure.missing.filter(({ name }) => excluded(name) === undefined);
  const lacking = missing.map(({ name, requester }): Problem => ({
    host,
    subject,
    kind: 'library',
    name,
    requester,
  }));
  const names = new Set(closure.missing.map(({ name }) => name));
  const versions = versionProblems(request);
  const inStaging = new Set(subject.staged.missing.map(({ name }) => name));
  const isComplete = [...names].every(name => inStaging.has(name)) && versions.length === 0;
  const symbols = isComplete ? symbolProblems(request) : [];
  return [...lacking, ...versions, ...symbols, ...pinProblems(request)];
}

/** Returns the pins that a host does not satisfy, except those on libraries that the user leaves to the host. */
function pinProblems({ host, subject, closure, excluded, pinOf }: ProblemRequest): Problem[] {
  return closure.objects.flatMap(requester =>
    requester.edges.flatMap((edge): Problem[] => {
      const pin = pinOf(requester, edge);
      if (!pin?.unlike || excluded(edge.name) !== undefined) return [];
      return [{ host, subject, kind: 'pin', name: edge.name, requester, pin }];
    }),
  );
}

function versionProblems({ host, subject, closure, isOurs, excluded }: ProblemRequest): Problem[] {
  const inStaging = new Set(subject.staged.versionProblems.map(({ file, version }) => `${file}\0${version}`));
  return closure.versionProblems.flatMap(({ requester, file, version, provider }): Problem[] => {
    if (!provider || excluded(file) !== undefined || inStaging.has(`${file}\0${version}`)) return [];
    // the host has this fault without the tree as well
    if (!isOurs(requester) && !isOurs(provider)) return [];
    return [{ host, subject, kind: 'version', file, version, requester, provider }];
  });
}

function symbolProblems({ host, subject, closure, isOurs }: ProblemRequest): Problem[] {
  const undefinedHere = undefinedSymbols(closure);
  if (undefinedHere.length === 0) return [];
  const { staged } = subject;
  const inStaging = new Set(undefinedSymbols(staged).map(({ reference }) => symbolText(reference)));
  return undefinedHere.flatMap(({ requester, reference }): Problem[] => {
    if (inStaging.has(symbolText(reference))) return [];
    const problem = { host, subject, kind: 'symbol', reference, requester } as const;
    if (!isOurs(requester))
      return isShadowed(reference, closure, host, isOurs) ? [{ ...problem, definer: undefined }] : [];
    const definer = withLoader(staged).find(object => has(object, reference));
    return definer ? [{ ...problem, definer }] : [];
  });
}

/** Whether a library of the tree replaces one of the host that defines a symbol. */
function isShadowed(
  reference: Reference,
  { objects, loader }: Closure,
  host: Host,
  isOurs: (object: LoadedObject) => boolean,
): boolean {
  const names = objects.filter(isOurs).flatMap(object => Array.from(object.names));
  return names.some(name => {
    const own = loader && !name.includes('/') ? host.find(loader.path, name) : undefined;
    return own !== undefined && has(own, reference);
  });
}

function has({ view, real }: LoadedObject, reference: Reference): boolean {
  const symbols = symbolsAt(view, real);
  return symbols !== undefined && defines(symbols, reference);
}
