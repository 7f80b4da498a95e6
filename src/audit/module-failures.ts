import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { needingStack, refusesStack } from '../resolve/executable-stack.ts';
import { resolver } from '../resolve/resolve.ts';
import { undefinedSymbols } from '../resolve/symbol-check.ts';
import { providerText } from './finding.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** A module that a program cannot open, and why. */
export interface ModuleFailure {
  /** The real path. */
  readonly module: string;
  /** Such as `/usr/lib/security/pam_unix.so needs GLIBC_2.38, which … does not define`. */
  readonly reason: string;
  /** The libraries that the program does not find; empty if something else is wrong as well. */
  readonly libraries: readonly string[];
}

/** What an object lacks. */
interface Lack {
  readonly text: string;
  /** A library that is missing. */
  readonly library?: string;
}

/**
 * Returns the modules that dlopen would refuse in the process of a program, with the reason: a library, a symbol
 * version or a symbol that the process lacks. All modules are resolved together, since they hardly depend on each
 * other.
 *
 * @param modules real paths in the merged view
 */
export function moduleFailures(
  { path, closure: started }: Subject,
  modules: readonly string[],
  merge: Merge,
): ModuleFailure[] {
  const closure = resolver([merge.view], { preload: modules })(path);
  const before = new Set(started.objects.map(({ id }) => id));
  const lacks = lacksIn(closure, started, merge);
  if (lacks.size === 0) return [];
  return closure.entry.edges.flatMap(({ tag, name, to }) => {
    if (tag !== 'preload' || !to || !modules.includes(name)) return [];
    const all = lacksOf(to, lacks, before);
    const worst = all.find(({ library }) => library === undefined) ?? all[0];
    const libraries = worst?.library === undefined ? [] : all.flatMap(({ library }) => library ?? []);
    return worst ? [{ module: to.real, reason: worst.text, libraries }] : [];
  });
}

/** Returns what each object that the modules add lacks, by the object’s identity. */
function lacksIn(closure: Closure, started: Closure, { providerOf }: Merge): Map<string, Lack[]> {
  const before = new Set(started.objects.map(({ id }) => id));
  const lacks = new Map<string, Lack[]>();
  const add = ({ id, real }: LoadedObject, what: string, library?: string) => {
    if (before.has(id)) return;
    const lack = { text: `${real} needs ${what}`, ...(library !== undefined && { library }) };
    lacks.set(id, [...(lacks.get(id) ?? []), lack]);
  };
  for (const { requester, version, provider, unmarked } of closure.versionProblems)
    if (provider && !unmarked)
      add(
        requester,
        `${version}, which ${provider.real} of ${providerText(providerOf(provider.real))} does not define`,
      );
  const { loader } = closure;
  if (loader && refusesStack(loader))
    for (const object of needingStack(loader, started.objects, closure.objects))
      add(object, 'an executable stack, which its glibc does not give to a running program');
  for (const { name, tag, requester } of closure.missing)
    if (tag === 'needed') add(requester, `${name}, which the program does not find`, name);
  // whatever already fails may lack symbols for that reason
  const whole = closure.objects.filter(({ id }) => !before.has(id) && !lacks.has(id));
  for (const { requester, reference } of undefinedSymbols(closure, whole))
    add(requester, `the symbol ${reference.name}, which nothing in the process defines`);
  return lacks;
}

/** Returns what a module and the objects that it loads lack. */
function lacksOf(
  module: LoadedObject,
  lacks: ReadonlyMap<string, readonly Lack[]>,
  before: ReadonlySet<string>,
): Lack[] {
  const seen = new Set(before);
  const queue = [module];
  const found: Lack[] = [];
  for (let object = queue.shift(); object; object = queue.shift()) {
    if (seen.has(object.id)) continue;
    seen.add(object.id);
    found.push(...(lacks.get(object.id) ?? []));
    queue.push(...object.edges.flatMap(({ to }) => to ?? []));
  }
  return found;
}
