import type { ElfClass } from '../../src/elf/facts.ts';
import type { Bytes, Strings } from './bytes.ts';
import type { ElfRecipe } from './elf-recipe.ts';

/** Each symbol in the order of the table, without the null symbol. */
interface Symbol {
  readonly name: string;
  readonly defined: boolean;
  readonly weak: boolean;
  /** An entry of `.gnu.version`. */
  readonly version: number;
}

const HIDDEN = 0x8000;
const GLOBAL = 1;
const R_GLOB_DAT = 6;
const STB = { global: 0x10, weak: 0x20 } as const;
const STT_FUNC = 2;

/** Every definition and reference of a recipe. */
export function symbolsOf(recipe: ElfRecipe): Symbol[] {
  const defined = (recipe.verdef ?? []).map((version, at) => [version, at + 2] as const);
  const needed = Object.values(recipe.verneed ?? {})
    .flat()
    .map((version, at) => [version.replace(/\?$/, ''), at + 2 + defined.length] as const);
  const indexOf = (versions: readonly (readonly [string, number])[], version: string | undefined): number => {
    if (version === undefined) return GLOBAL;
    const index = versions.find(([name]) => name === version)?.[1];
    if (index === undefined) throw new Error(`the recipe has no version ${version}`);
    return index;
  };
  return [
    ...(recipe.references ?? []).map((text): Symbol => {
      const [name, version] = text.replace(/\?$/, '').split('@') as [string, string?];
      return { name, defined: false, weak: text.endsWith('?'), version: indexOf(needed, version) };
    }),
    ...(recipe.defines ?? []).map((text): Symbol => {
      const [name, version] = text.split(/@+/) as [string, string?];
      const hidden = version !== undefined && !text.includes('@@') ? HIDDEN : 0;
      return { name, defined: true, weak: false, version: indexOf(defined, version) | hidden };
    }),
  ];
}

export function symbolTable(
  symbols: readonly Symbol[],
  elfClass: ElfClass,
  strings: Strings,
  out: Bytes,
): Uint8Array {
  out.raw(new Uint8Array(elfClass === 64 ? 24 : 16));
  for (const { name, defined, weak } of symbols) {
    const info = [(weak ? STB.weak : STB.global) | STT_FUNC, 0];
    const section = defined ? 1 : 0;
    const value = defined ? 0x10 : 0;
    out.u32(strings.add(name));
    if (elfClass === 64) out.raw(info).u16(section).word(value, 0);
    else out.word(value, 0).raw(info).u16(section);
  }
  return out.done();
}

export function versionTable(symbols: readonly Symbol[], out: Bytes): Uint8Array {
  return out.u16(0, ...symbols.map(({ version }) => version)).done();
}

/** The relocations, one for each reference. @param slots the address of the first slot that they fill in */
export function relocations(
  symbols: readonly Symbol[],
  elfClass: ElfClass,
  slots: number,
  out: Bytes,
): Uint8Array {
  symbols.forEach(({ defined }, index) => {
    if (defined) return;
    out.word(slots + (index * elfClass) / 8);
    // r_info is one number, and the symbol is its upper part
    if (elfClass === 32) out.word(((index + 1) << 8) | R_GLOB_DAT);
    else out.word((index + 1) * 2 ** 32 + R_GLOB_DAT).word(0);
  });
  return out.done();
}
