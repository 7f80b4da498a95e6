import { ElfError } from '../elf/error.ts';
import type { Reference, Symbols } from '../elf/symbols.ts';
import { symbolsAt } from '../view/object.ts';
import { type Closure, type LoadedObject, withLoader } from './closure.ts';

/** A symbol that no loaded object defines. The loader ends the program when it binds the symbol, at the start or at a call. */
export interface UndefinedSymbol {
  readonly requester: LoadedObject;
  readonly reference: Reference;
}

/** The objects among which the symbols of a closure are looked up. */
interface Scope {
  readonly objects: ReadonlySet<Symbols>;
  /** By each name under which an object is loaded. */
  readonly byName: ReadonlyMap<string, readonly Symbols[]>;
}

/** Where each reference of an object was last found, by its index. Closures overlap, so it is usually found there again. */
const lastFound = new WeakMap<Symbols, (Symbols | undefined)[]>();

/**
 * Returns every symbol of a closure that the loader would not find, whether it binds it at the start or lazily, as
 * `ldd -r` does.
 *
 * @param requesters the objects whose symbols are looked up; by default, all loaded objects
 */
export function undefinedSymbols(
  closure: Closure,
  requesters: readonly LoadedObject[] = closure.objects,
): UndefinedSymbol[] {
  const scope = scopeOf(closure);
  // an object that cannot be read may define any symbol
  if (!scope) return [];
  return requesters.flatMap(requester => {
    const own = symbolsAt(requester.view, requester.real);
    return own ? lackingOf(own, scope).map(reference => ({ requester, reference })) : [];
  });
}

/** Returns `undefined` if the symbols of an object cannot be read. */
function scopeOf(closure: Closure): Scope | undefined {
  const objects = new Set<Symbols>();
  const named = new Map<string, Symbols[]>();
  for (const { view, real, names } of withLoader(closure)) {
    const symbols = symbolsAt(view, real);
    if (!symbols) return undefined;
    objects.add(symbols);
    for (const name of names) {
      const known = named.get(name);
      if (known) known.push(symbols);
      else named.set(name, [symbols]);
    }
  }
  return { objects, byName: named };
}

function lackingOf(own: Symbols, scope: Scope): Reference[] {
  let found = lastFound.get(own);
  if (!found) lastFound.set(own, (found = []));
  const lacking: Reference[] = [];
  for (const [index, reference] of own.references.entries()) {
    const last = found[index];
    if (reference.weak || (last && scope.objects.has(last))) continue;
    const definer = definerOf(reference, own, scope);
    if (definer) found[index] = definer;
    else lacking.push(reference);
  }
  return lacking.sort(byName);
}

/** Sorts by name, so that the linker's order does not matter. */
function byName(a: Reference, b: Reference): number {
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

/**
 * Returns an object that defines a symbol. The order of the search does not affect whether there is one: the object that has to
 * define the version comes first, since it nearly always does.
 */
function definerOf(reference: Reference, own: Symbols, scope: Scope): Symbols | undefined {
  const isDefiner = (candidate: Symbols) =>
    !(reference.copy && candidate === own) && defines(candidate, reference);
  const likely = reference.file === undefined ? undefined : scope.byName.get(reference.file)?.find(isDefiner);
  if (likely) return likely;
  for (const candidate of scope.objects) if (isDefiner(candidate)) return candidate;
  return undefined;
}

/** Whether an object defines a symbol. An object with an invalid table may define any symbol. */
export function defines(symbols: Symbols, reference: Reference): boolean {
  try {
    return symbols.defines(reference);
  } catch (error) {
    if (error instanceof ElfError) return true;
    throw error;
  }
}
