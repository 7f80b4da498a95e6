import { ElfError } from '../elf/error.ts';
import type { Reference, Symbols } from '../elf/symbols.ts';
import { symbolsAt } from '../view/object.ts';
import { type Closure, type LoadedObject, withLoader } from './closure.ts';

/** A symbol that no loaded object defines. The loader ends the program when it binds the symbol, at the start or at a call. */
export interface UndefinedSymbol {
  readonly requester: LoadedObject;
  readonly reference: Reference;
}

/** Where each reference was last found. Closures overlap, so it is usually found there again. */
const lastFound = new WeakMap<Reference, Symbols>();

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
  const scope = new Map<Symbols, LoadedObject>();
  for (const object of withLoader(closure)) {
    const symbols = symbolsAt(object.view, object.real);
    // an object that cannot be read may define any symbol
    if (!symbols) return [];
    scope.set(symbols, object);
  }
  return requesters.flatMap(requester => {
    const own = symbolsAt(requester.view, requester.real);
    const lacking = own?.references.filter(reference => !isFound(reference, own, scope)) ?? [];
    return lacking.sort(byName).map(reference => ({ requester, reference }));
  });
}

/** Sorts by name, so that the linker's order does not matter. */
function byName(a: Reference, b: Reference): number {
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

function isFound(reference: Reference, own: Symbols, scope: ReadonlyMap<Symbols, LoadedObject>): boolean {
  if (reference.weak) return true;
  const last = lastFound.get(reference);
  if (last && scope.has(last)) return true;
  for (const candidate of likelyFirst(reference, scope)) {
    if ((reference.copy && candidate === own) || !defines(candidate, reference)) continue;
    lastFound.set(reference, candidate);
    return true;
  }
  return false;
}

/** Yields the object that has to define the version first, since it nearly always does. The order does not affect the result. */
function* likelyFirst({ file }: Reference, scope: ReadonlyMap<Symbols, LoadedObject>): Generator<Symbols> {
  if (file !== undefined) for (const [symbols, { names }] of scope) if (names.has(file)) yield symbols;
  yield* scope.keys();
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
