import * as c from '../../src/elf/constants.ts';
import type { Strings } from './bytes.ts';
import type { ElfRecipe, NeededRecipe } from './elf-recipe.ts';

const DT = { RELAENT: 9, SYMENT: 11, RELENT: 19, RELRSZ: 35, RELRENT: 37 } as const;

/** The addresses of the tables that the dynamic table refers to. */
export interface Places {
  readonly symtab: number;
  readonly hash: number;
  readonly verneed: number | undefined;
  readonly verdef: number | undefined;
  readonly versym: number | undefined;
  readonly relocations: { readonly at: number; readonly size: number } | undefined;
  readonly wide: boolean;
}

type Entry = readonly [tag: number, value: number];

/** All entries but DT_STRTAB, DT_STRSZ and DT_NULL, which have to wait until the string table is complete. */
export function dynamicEntries(recipe: ElfRecipe, places: Places, strings: Strings): Entry[] {
  const { symtab, hash, verneed, verdef, versym, relocations, wide } = places;
  const text = (tag: number, value: string | undefined): Entry[] =>
    value === undefined ? [] : [[tag, strings.add(value)]];
  return [
    ...(recipe.needed ?? []).map((need): Entry => neededEntry(need, strings)),
    ...text(c.DT_SONAME, recipe.earlier?.soname),
    ...text(c.DT_RUNPATH, recipe.earlier?.runpath),
    ...text(c.DT_SONAME, recipe.soname),
    ...text(c.DT_RPATH, recipe.rpath),
    ...text(c.DT_RUNPATH, recipe.runpath),
    [c.DT_HASH, hash],
    [c.DT_SYMTAB, symtab],
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
    ...(versym === undefined ? [] : ([[c.DT_VERSYM, versym]] as const)),
    ...(relocations ? relocationEntries(relocations, wide) : []),
    ...(recipe.relr
      ? ([
          [c.DT_RELR, symtab],
          [DT.RELRSZ, 0],
          [DT.RELRENT, wide ? 8 : 4],
        ] as const)
      : []),
  ];
}

/** Uses explicit addends for 64 bits and none for 32, like x86. */
function relocationEntries({ at, size }: { at: number; size: number }, wide: boolean): Entry[] {
  return wide
    ? [
        [c.DT_RELA, at],
        [c.DT_RELASZ, size],
        [DT.RELAENT, 24],
      ]
    : [
        [c.DT_REL, at],
        [c.DT_RELSZ, size],
        [DT.RELENT, 8],
      ];
}

function neededEntry(need: NeededRecipe, strings: Strings): Entry {
  if (typeof need === 'string') return [c.DT_NEEDED, strings.add(need)];
  if ('auxiliary' in need) return [c.DT_AUXILIARY, strings.add(need.auxiliary)];
  return [c.DT_FILTER, strings.add(need.filter)];
}
