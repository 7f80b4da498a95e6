import * as c from '../../src/elf/constants.ts';
import type { Strings } from './bytes.ts';
import type { ElfRecipe, NeededRecipe } from './elf-recipe.ts';

const DT = { HASH: 4, SYMTAB: 6, SYMENT: 11, RELRSZ: 35, RELRENT: 37, VERSYM: 0x6ffffff0 } as const;

/** Addresses of the tables that the dynamic table names. */
export interface Places {
  readonly symtab: number;
  readonly hash: number;
  readonly verneed: number | undefined;
  readonly verdef: number | undefined;
  readonly versym: number | undefined;
  readonly wide: boolean;
}

type Entry = readonly [tag: number, value: number];

/** All but DT_STRTAB, DT_STRSZ and DT_NULL: the string table is complete only after this. */
export function dynamicEntries(recipe: ElfRecipe, places: Places, strings: Strings): Entry[] {
  const { symtab, hash, verneed, verdef, versym, wide } = places;
  const text = (tag: number, value: string | undefined): Entry[] =>
    value === undefined ? [] : [[tag, strings.add(value)]];
  return [
    ...(recipe.needed ?? []).map((need): Entry => neededEntry(need, strings)),
    ...text(c.DT_SONAME, recipe.soname),
    ...text(c.DT_RPATH, recipe.rpath),
    ...text(c.DT_RUNPATH, recipe.runpath),
    [DT.HASH, hash],
    [DT.SYMTAB, symtab],
    [DT.SYMENT, wide ? 24 : 16],
    ...(recipe.flags1 === undefined ? [] : ([[c.DT_FLAGS_1, recipe.flags1]] as const)),
    ...(verneed === undefined
      ? []
      : ([
          [c.DT_VERNEED, verneed],
          [c.DT_VERNEEDNUM, Object.keys(recipe.verneed!).length],
        ] as const)),
    ...(verdef === undefined
      ? []
      : ([
          [c.DT_VERDEF, verdef],
          [c.DT_VERDEFNUM, recipe.verdef!.length + 1],
        ] as const)),
    ...(versym === undefined ? [] : ([[DT.VERSYM, versym]] as const)),
    ...(recipe.relr
      ? ([
          [c.DT_RELR, symtab],
          [DT.RELRSZ, 0],
          [DT.RELRENT, wide ? 8 : 4],
        ] as const)
      : []),
  ];
}

function neededEntry(need: NeededRecipe, strings: Strings): Entry {
  if (typeof need === 'string') return [c.DT_NEEDED, strings.add(need)];
  if ('auxiliary' in need) return [c.DT_AUXILIARY, strings.add(need.auxiliary)];
  return [c.DT_FILTER, strings.add(need.filter)];
}
