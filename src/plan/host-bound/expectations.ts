import { isProgram } from '../../elf/classify.ts';
import type { HostLibrary } from '../../manifest/manifest.ts';
import { type LoadedObject, withLoader } from '../../resolve/closure.ts';
import type { Pin } from '../../packages/package.ts';
import { defines } from '../../resolve/symbol-check.ts';
import { symbolsAt } from '../../view/object.ts';
import type { HostClosure } from './evaluate.ts';
import { nameOf } from './choose-libraries.ts';
import { symbolText } from './problems.ts';

/** A library of the hosts, and what files of the tree need of it. */
interface Expected {
  readonly paths: Set<string>;
  readonly versions: Set<string>;
  readonly symbols: Set<string>;
  readonly neededBy: Set<string>;
  pin: Pin | undefined;
  isOptional: boolean;
}

/** What files of a tree take from the hosts. */
export interface Expectations {
  readonly libraries: readonly HostLibrary[];
  readonly interpreters: readonly string[];
}

/**
 * Lists the libraries of the hosts that files of a tree load themselves, with the versions and symbols that they bind
 * there. Weak symbols and versions may be absent.
 */
export function expectationsOf(closures: readonly HostClosure[]): Expectations {
  const libraries = new Map<string, Expected>();
  const interpreters = new Set<string>();
  // closures overlap, and an object binds the same symbols in nearly all of them
  const bound = new Set<string>();
  for (const closure of closures) {
    const { loader, entry, objects } = closure.closure;
    const { optional } = closure.subject;
    const { interpreter } = entry.facts;
    if (interpreter !== undefined && loader && isProgram(entry.facts) && closure.isOurs(entry))
      interpreters.add(interpreter);
    for (const object of objects.filter(closure.isOurs)) {
      const key = `${closure.host.label}\0${object.real}\0${optional}`;
      const isBound = bound.has(key);
      bound.add(key);
      for (const [name, provider, what] of takenBy(object, closure, !isBound)) {
        let known = libraries.get(name);
        if (!known) libraries.set(name, (known = nothing()));
        known.paths.add(provider.real);
        if (what?.version !== undefined) known.versions.add(what.version);
        if (what?.symbol !== undefined) known.symbols.add(what.symbol);
        known.pin ??= what?.pin;
        if (known.isOptional && !optional) known.neededBy.clear();
        if (!optional) known.isOptional = false;
        if (known.isOptional === optional) known.neededBy.add(object.real);
      }
    }
  }
  return {
    interpreters: [...interpreters].sort(),
    libraries: [...libraries].sort(([a], [b]) => (a < b ? -1 : 1)).map(listed),
  };
}

function listed([name, { paths, versions, symbols, neededBy, pin, isOptional }]: [
  string,
  Expected,
]): HostLibrary {
  const library = {
    name,
    paths: [...paths].sort(),
    versions: [...versions].sort(),
    symbols: [...symbols].sort(),
    neededBy: [...neededBy].sort()[0]!,
    ...(pin && { package: { name: pin.name, version: pin.version } }),
  };
  return isOptional ? { ...library, optional: true } : library;
}

function nothing(): Expected {
  return {
    paths: new Set(),
    versions: new Set(),
    symbols: new Set(),
    neededBy: new Set(),
    pin: undefined,
    isOptional: true,
  };
}

type Taken = [name: string, provider: LoadedObject, what?: { version?: string; symbol?: string; pin?: Pin }];

/** Yields what an object of the tree takes from libraries of the host. @param withSymbols false: only the libraries */
function* takenBy(
  object: LoadedObject,
  { closure, isOurs, pinOf }: HostClosure,
  withSymbols: boolean,
): Generator<Taken> {
  for (const edge of object.edges) {
    const { tag, name, to } = edge;
    if (!to || isOurs(to) || tag === 'auxiliary') continue;
    const pin = pinOf(object, edge);
    yield [name, to, pin && !pin.unlike ? { pin } : {}];
  }
  if (!withSymbols) return;
  const scope = withLoader(closure);
  for (const { file, versions } of object.facts.versions?.needs ?? []) {
    const provider = scope.find(({ names }) => names.has(file));
    if (provider && !isOurs(provider))
      for (const { name, weak } of versions) if (!weak) yield [file, provider, { version: name }];
  }
  const tables = scope.flatMap(provider => {
    const symbols = symbolsAt(provider.view, provider.real);
    return symbols ? [{ provider, symbols }] : [];
  });
  for (const reference of symbolsAt(object.view, object.real)?.references ?? []) {
    if (reference.weak) continue;
    const definer = tables.find(
      ({ provider, symbols }) => !(reference.copy && provider === object) && defines(symbols, reference),
    )?.provider;
    if (definer && !isOurs(definer)) yield [nameOf(definer), definer, { symbol: symbolText(reference) }];
  }
}
