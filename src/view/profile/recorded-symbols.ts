import { gnuHash } from '../../elf/gnu-hash.ts';
import type { Reference, Symbols } from '../../elf/symbols.ts';
import type { DefinitionGroup, SymbolGroups } from './format.ts';
import { holds, nameHash, unpack } from './packed.ts';

/** Returns the symbols of an object as recorded in a profile. @param names all names of the profile */
export function recordedSymbols(groups: SymbolGroups, names: readonly string[]): Symbols {
  return new RecordedSymbols(groups, names);
}

class RecordedSymbols implements Symbols {
  readonly #groups: SymbolGroups;
  readonly #names: readonly string[];
  readonly #hashes = new Map<DefinitionGroup, Uint32Array>();
  #references: readonly Reference[] | undefined;

  constructor(groups: SymbolGroups, names: readonly string[]) {
    this.#groups = groups;
    this.#names = names;
  }

  get references(): readonly Reference[] {
    return (this.#references ??= this.#groups.references.flatMap(({ version, file, copy = false, names }) => {
      let place = 0;
      return names.map(distance => {
        const name = this.#names[(place += distance)] ?? '';
        return { name, hash: gnuHash(name), version, file, weak: false, copy };
      });
    }));
  }

  defines({ name, version }: Reference): boolean {
    const { definitions } = this.#groups;
    if (!definitions) return true;
    const hash = nameHash(name);
    return definitions.some(
      group =>
        (group.any || (version === undefined ? group.plain : version === group.version)) &&
        holds(this.#hashesOf(group), hash),
    );
  }

  #hashesOf(group: DefinitionGroup): Uint32Array {
    let hashes = this.#hashes.get(group);
    if (!hashes) this.#hashes.set(group, (hashes = unpack(group.hashes)));
    return hashes;
  }
}
