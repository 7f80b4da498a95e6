import { ElfError } from '../../elf/error.ts';
import type { Definition, ListedSymbols, Reference } from '../../elf/symbols.ts';
import type { DefinitionGroup, ReferenceGroup, SymbolGroups } from './format.ts';
import { nameHash, pack } from './packed.ts';

/**
 * The symbols of an object before all names of the profile are known: until then, names have numbers in the order of their
 * first use.
 */
export interface NumberedGroups {
  readonly references: readonly (readonly [of: Omit<ReferenceGroup, 'names'>, numbers: readonly number[]])[];
  readonly definitions: DefinitionGroup[] | null;
}

/**
 * Returns the symbols of an object. Weak references may stay undefined and are not recorded.
 *
 * @param numbers the number of each name so far; gets the names of the object added
 */
export function numberedGroups(symbols: ListedSymbols, numbers: Map<string, number>): NumberedGroups {
  const references = symbols.references.filter(({ weak }) => !weak);
  const numberOf = ({ name }: Reference) => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  };
  const groups = grouped(
    references,
    ({ version, file, copy }) => `${copy}\0${version ?? '\0'}\0${file ?? '\0'}`,
    ({ version, file, copy }): Omit<ReferenceGroup, 'names'> => ({
      ...(version !== undefined && { version }),
      ...(file !== undefined && { file }),
      ...(copy && { copy }),
    }),
  );
  return {
    references: groups.map(([of, members]) => [of, members.map(numberOf)]),
    definitions: definitionGroups(symbols),
  };
}

/** Returns the symbols as the profile records them. @param places the index in the profile’s list of names, by number */
export function symbolGroups(
  { references, definitions }: NumberedGroups,
  places: readonly number[],
): SymbolGroups {
  const groups: ReferenceGroup[] = [];
  for (const [of, numbers] of references) {
    const sorted = numbers.map(number => places[number]!).sort((a, b) => a - b);
    groups.push({ ...of, names: sorted.map((place, index) => place - (sorted[index - 1] ?? 0)) });
  }
  return { references: groups, definitions };
}

function definitionGroups(symbols: ListedSymbols): DefinitionGroup[] | null {
  let definitions: Definition[];
  try {
    definitions = [...symbols.definitions()];
  } catch (error) {
    if (error instanceof ElfError) return null;
    throw error;
  }
  const groups: DefinitionGroup[] = [];
  const all = grouped(
    definitions,
    ({ version, plain, any }) => `${plain}\0${any}\0${version ?? '\0'}`,
    ({ version, plain, any }): Omit<DefinitionGroup, 'hashes'> => ({
      ...(version !== undefined && { version }),
      plain,
      any,
    }),
  );
  for (const [of, members] of all)
    groups.push({ ...of, hashes: pack(new Set(members.map(({ name }) => nameHash(name)))) });
  return groups;
}

/**
 * Groups values by what `common` returns for them, in the order of its JSON.
 *
 * @param keyOf returns the same text for all values of a group, so that `common` is called once for each: an object has
 *   thousands of symbols in a few groups
 */
function grouped<T, K>(
  values: readonly T[],
  keyOf: (value: T) => string,
  common: (value: T) => K,
): [K, T[]][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()]
    .map((members): [string, K, T[]] => {
      const of = common(members[0]!);
      return [JSON.stringify(of), of, members];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, of, members]) => [of, members]);
}
