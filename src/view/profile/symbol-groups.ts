import { ElfError } from '../../elf/error.ts';
import type { Definition, ListedSymbols, Reference } from '../../elf/symbols.ts';
import type { DefinitionGroup, ReferenceGroup, SymbolGroups } from './format.ts';
import { nameHash, pack } from './packed.ts';

/** Returns the references that must be resolved. Weak ones may stay undefined and are not recorded. */
export function strongReferences({ references }: ListedSymbols): Reference[] {
  return references.filter(({ weak }) => !weak);
}

/** @param places indexes of the names in the profile's list of names */
export function symbolGroups(symbols: ListedSymbols, places: ReadonlyMap<string, number>): SymbolGroups {
  return {
    references: referenceGroups(strongReferences(symbols), places),
    definitions: definitionGroups(symbols),
  };
}

function referenceGroups(
  references: readonly Reference[],
  places: ReadonlyMap<string, number>,
): ReferenceGroup[] {
  const groups: ReferenceGroup[] = [];
  for (const [of, members] of grouped(references, common)) {
    const sorted = members.map(({ name }) => places.get(name)!).sort((a, b) => a - b);
    groups.push({ ...of, names: sorted.map((place, index) => place - (sorted[index - 1] ?? 0)) });
  }
  return groups;

  function common({ version, file, copy }: Reference): Omit<ReferenceGroup, 'names'> {
    return {
      ...(version !== undefined && { version }),
      ...(file !== undefined && { file }),
      ...(copy && { copy }),
    };
  }
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
  for (const [of, members] of grouped(definitions, common))
    groups.push({ ...of, hashes: pack(new Set(members.map(({ name }) => nameHash(name)))) });
  return groups;

  function common({ version, plain, any }: Definition): Omit<DefinitionGroup, 'hashes'> {
    return { ...(version !== undefined && { version }), plain, any };
  }
}

/** Groups values by what `common` returns, in its order. */
function grouped<T, K>(values: readonly T[], common: (value: T) => K): [K, T[]][] {
  const groups = new Map<string, [K, T[]]>();
  for (const value of values) {
    const of = common(value);
    const key = JSON.stringify(of);
    const group = groups.get(key);
    if (group) group[1].push(value);
    else groups.set(key, [of, [value]]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
