import { ElfError } from '../elf/error.ts';
import type { Reference, Symbols } from '../elf/symbols.ts';
import { symbolsAt } from '../view/object.ts';
import { type Closure, type LoadedObject, withLoader } from './closure.ts';

/** A symbol that nothing loaded defines: the loader ends the program when it binds it, at the start or at a call. */
export interface UndefinedSymbol {
  readonly requester: LoadedObject;
  readonly reference: Reference;
}

/** Where a reference was found the last time: closures overlap, and so the next one mostly finds it there too. */
const lastFound = new WeakMap<Reference, Symbols>();

/**
 * Every symbol of a closure that the loader would not find, bound at the start or lazily (`ldd -r` tells the same).
 *
 * @param requesters whose symbols are looked up; default: all that is loaded
 */
export function undefinedSymbols(
  closure: Closure,
  requesters: readonly LoadedObject[] = closure.objects,
): UndefinedSymbol[] {
  const scope = new Map<Symbols, LoadedObject>();
  for (const object of withLoader(closure)) {
    const symbols = symbolsAt(object.view, object.real);
    // what cannot be read may define anything
    if (!symbols) return [];
    scope.set(symbols, object);
  }
  return requesters.flatMap(requester => {
    const own = symbolsAt(requester.view, requester.real);
    const lacking = own?.references.filter(reference => !isFound(reference, own, scope)) ?? [];
    return lacking.sort(byName).map(reference => ({ requester, reference }));
  });
}

/** Whatever the order in which a linker wrote them. */
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

/** The object of which the version is required nearly always has it. Whether one is found does not depend on the order. */
function* likelyFirst({ file }: Reference, scope: ReadonlyMap<Symbols, LoadedObject>): Generator<Symbols> {
  if (file !== undefined) for (const [symbols, { names }] of scope) if (names.has(file)) yield symbols;
  yield* scope.keys();
}

/** A table that lies may hold it. */
export function defines(symbols: Symbols, reference: Reference): boolean {
  try {
    return symbols.defines(reference);
  } catch (error) {
    if (error instanceof ElfError) return true;
    throw error;
  }
}
