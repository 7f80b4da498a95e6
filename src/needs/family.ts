import type { ElfFacts } from '../elf/facts.ts';
import { isProgram } from '../elf/classify.ts';
import { existingPaths } from '../view/glob.ts';
import { basename, normalise, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { callsAny } from './evidence.ts';
import { families, type Family } from './families.ts';
import type { Lookup, Need } from './need.ts';

/**
 * Returns what the families say that an object needs.
 *
 * @param view the root that has the object
 * @param path real
 * @param around in which the paths are looked up
 */
export function familyNeeds(view: View, path: string, facts: ElfFacts, around: View): Need[] {
  const needs: Need[] = [];
  const traits = traitsOf(view, path, facts);
  for (const family of families) {
    const match = matchOf(family, traits);
    if (!match) continue;
    const found = family.paths.flatMap(template => existingPaths(around, expand(template, path, match)));
    for (const what of family.first ? found.slice(0, 1) : found)
      needs.push({
        what,
        strength: (traits.program ? undefined : family.ofLibraries) ?? family.strength,
        evidence: { kind: 'family', file: path, text: family.name },
        ...(family.hidden && { hidden: family.hidden }),
        ...(family.owner && { owner: family.owner }),
        ...(family.owner === 'host' && { lookup: lookupOf(family, path, match) }),
      });
  }
  return needs;
}

function lookupOf(
  { base, baseIn, variables = [], modules }: Family,
  path: string,
  match: readonly (string | undefined)[],
): Lookup {
  return {
    ...(base !== undefined && { base: base.startsWith('$') ? expand(base, path, match) : base }),
    ...(baseIn && { baseIn }),
    variables,
    modules: modules === true,
  };
}

/** Directories in which an object looks for code, whether or not the root has them. */
export interface ModuleDirectories {
  readonly paths: readonly string[];
  readonly lookup: Lookup;
}

/** Returns the directories in which an object looks for code that hosts may have too, according to the families. @param path real */
export function moduleDirectories(view: View, path: string, facts: ElfFacts): ModuleDirectories[] {
  const traits = traitsOf(view, path, facts);
  return families.flatMap(family => {
    const match = family.modules && matchOf(family, traits);
    if (!match) return [];
    const paths = family.paths.map(template => expand(template, path, match));
    return [{ paths: paths.filter(each => !each.includes('*')), lookup: lookupOf(family, path, match) }];
  });
}

/** What decides to which families an object belongs. */
interface FamilyTraits {
  readonly view: View;
  readonly path: string;
  readonly name: string;
  readonly program: boolean;
  readonly soname: string;
}

function traitsOf(view: View, path: string, facts: ElfFacts): FamilyTraits {
  const name = basename(path);
  return { view, path, name, program: isProgram(facts), soname: facts.dynamic?.soname ?? name };
}

/** Returns the groups that a family's pattern matched; `undefined`: the object is not of the family. */
function matchOf(
  { file, soname, imports, except }: Family,
  object: FamilyTraits,
): readonly (string | undefined)[] | undefined {
  if (file) return object.program ? (file.exec(object.name) ?? undefined) : undefined;
  if (soname) return object.program ? undefined : (soname.exec(object.soname) ?? undefined);
  if (except?.test(object.name)) return undefined;
  return imports && callsAny(object.view, object.path, imports) ? [] : undefined;
}

/** Where libraries of a program are: Debian's directory of the machine, or the only one. */
const TRIPLET = /^(\/usr)?\/lib\/[^/]+-linux-[^/]+/;

function expand(template: string, path: string, groups: readonly (string | undefined)[]): string {
  const directory = parent(path);
  const prefix = /^(\/usr\/local|\/opt\/[^/]+|\/usr)\//.exec(path)?.[1] ?? '/usr';
  const values: Readonly<Record<string, string>> = {
    DIR: directory,
    LIB: TRIPLET.exec(path)?.[0] ?? (/\/s?bin$/.test(directory) ? `${prefix}/lib/*-linux-*` : directory),
    PREFIX: prefix,
  };
  const text = template.replace(
    /\$(DIR|LIB|PREFIX|\d)/g,
    (_, name: string) => values[name] ?? groups[Number(name)] ?? '',
  );
  return normalise(text);
}
