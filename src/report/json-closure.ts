import type { Closure, LoadedObject, Origin, Searched, SkippedPreload } from '../resolve/closure.ts';
import { objectSize, type Provided, providerLabel } from './origin.ts';

/** How the document describes a file, wherever it names one. */
export interface ProviderDocument {
  /** The path as the loader prints it. */
  readonly path: string;
  /** The real path inside `root`. */
  readonly real: string;
  /** The label of the root that provides it. */
  readonly root: string;
  readonly soname: string | null;
}

export interface EdgeDocument {
  readonly tag: LoadedObject['edges'][number]['tag'];
  /** The name as written in the file. */
  readonly name: string;
  /** An `id` of the same tree; `null` if not found. */
  readonly to: number | null;
  readonly origin: Origin | null;
}

export interface ObjectDocument extends ProviderDocument {
  /** The position in load order; the entry is 0. */
  readonly id: number;
  readonly names: readonly string[];
  /** The `id` of the object that first asked for it. */
  readonly requester: number | null;
  readonly origin: Origin | null;
  /** Size in bytes. */
  readonly size: number;
  readonly edges: readonly EdgeDocument[];
}

export interface LoaderDocument extends ProviderDocument {
  readonly id: number;
  readonly family: 'glibc' | 'musl';
  readonly version: string | null;
  readonly defaultDirectories: readonly string[];
  readonly size: number;
}

/** One tree of `flix tree --json`. */
export interface ClosureDocument {
  /** The path as it was named. */
  readonly entry: string;
  readonly loader: LoaderDocument | null;
  readonly interpreterMissing: string | null;
  readonly objects: readonly ObjectDocument[];
  readonly missing: readonly {
    readonly name: string;
    readonly tag: EdgeDocument['tag'];
    readonly requester: number;
    readonly searched: readonly Searched[];
  }[];
  /** Objects of LD_PRELOAD and /etc/ld.so.preload that the loader passes over. */
  readonly skippedPreloads: readonly SkippedPreload[];
  readonly fatal: {
    readonly path: string;
    readonly reason: string;
    readonly requester: number | null;
  } | null;
  readonly versionProblems: readonly {
    readonly requester: number;
    readonly file: string;
    readonly version: string;
    readonly provider: number | null;
  }[];
}

export const TREE_SCHEMA = 'flix.tree/1';

export interface TreeDocument {
  readonly schema: typeof TREE_SCHEMA;
  readonly trees: readonly ClosureDocument[];
}

export function treeDocument(closures: readonly Closure[]): TreeDocument {
  return { schema: TREE_SCHEMA, trees: closures.map(closureDocument) };
}

export function closureDocument(closure: Closure): ClosureDocument {
  const { entry, loader, objects, fatal } = closure;
  const ids = new Map(objects.map(({ id }, index) => [id, index]));
  if (loader && !ids.has(loader.id)) ids.set(loader.id, objects.length);
  const idOf = (object: LoadedObject | undefined) => (object && ids.get(object.id)) ?? null;
  return {
    entry: entry.path,
    loader: loader
      ? {
          id: ids.get(loader.id)!,
          ...providerDocument(loader),
          family: loader.family,
          version: loader.version ?? null,
          defaultDirectories: loader.defaultDirectories,
          size: objectSize(loader),
        }
      : null,
    interpreterMissing: closure.interpreterMissing ?? null,
    objects: objects.map((object, id) => objectDocument(object, id, idOf)),
    missing: closure.missing.map(({ name, tag, requester, searched }) => ({
      name,
      tag,
      requester: ids.get(requester.id)!,
      searched,
    })),
    skippedPreloads: closure.skippedPreloads,
    fatal: fatal ? { path: fatal.path, reason: fatal.reason, requester: idOf(fatal.requester) } : null,
    versionProblems: closure.versionProblems.map(({ requester, file, version, provider }) => ({
      requester: ids.get(requester.id)!,
      file,
      version,
      provider: idOf(provider),
    })),
  };
}

function objectDocument(
  object: LoadedObject,
  id: number,
  idOf: (object: LoadedObject | undefined) => number | null,
): ObjectDocument {
  return {
    id,
    ...providerDocument(object),
    names: [...object.names],
    requester: idOf(object.requester),
    origin: object.origin ?? null,
    size: objectSize(object),
    edges: object.edges.map(({ tag, name, to, origin }) => ({
      tag,
      name,
      to: idOf(to),
      origin: origin ?? null,
    })),
  };
}

export function providerDocument(object: Provided & Pick<LoadedObject, 'path' | 'facts'>): ProviderDocument {
  return {
    path: object.path,
    real: object.real,
    root: providerLabel(object),
    soname: object.facts.dynamic?.soname ?? null,
  };
}

/** One line of `flix tree --all --ndjson`. */
export interface ClosureLine {
  /** Path inside the root. */
  readonly file: string;
  readonly interp: string | null;
  /** `[name, path]` in load order without the loader, as `ld.so --list` prints them. */
  readonly libs: readonly (readonly [string, string])[];
  readonly missing: readonly string[];
  /** Why the loader would not start it; `libs` is then empty, since the loader prints nothing. */
  readonly error?: string;
}

export function closureLine(closure: Closure): ClosureLine {
  const { entry, objects, fatal, loader } = closure;
  const missing = [...new Set(closure.missing.map(({ name }) => name))];
  const line = { file: entry.real, interp: entry.facts.interpreter ?? null };
  if (fatal) return { ...line, libs: [], missing: [], error: `${fatal.path}: ${fatal.reason}` };
  // the loader lists nothing when it loads itself
  const listed = entry.id === loader?.id ? [] : objects.slice(objects.indexOf(entry) + 1);
  return { ...line, libs: listed.map(object => [firstName(object.names), object.path] as const), missing };
}

function firstName(names: ReadonlySet<string>): string {
  for (const name of names) return name;
  return '';
}
