import { isProgram } from '../elf/classify.ts';
import type { Edit } from '../relocate/edit.ts';
import { reopenDefaultDirectories } from '../relocate/reopen-default-directories.ts';
import { retireRunPath } from '../relocate/retire-run-path.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import { basename } from '../view/path.ts';
import type { Recipe } from './recipe.ts';

/** What the edits of a file depend on. */
export interface FileEdits {
  readonly recipe: Recipe;
  /** Where loaded objects lie in the tree, by identity; private copies are added once all of them are claimed. */
  readonly targets: ReadonlyMap<string, string>;
}

/** All edits of one ELF file. */
export function editsOf({ recipe, targets }: FileEdits, object: LoadedObject): Edit[] {
  const { facts } = object;
  if (recipe.firstGeneration) return [...recipe.firstGeneration(facts)];
  const edits: Edit[] = [];
  if (facts.interpreter !== undefined && isProgram(facts)) edits.push(...recipe.interpreterEdits(facts));
  edits.push(...neededEdits(object, targets));
  if (recipe.runPath !== undefined) {
    // no private default directory: the run path has to do what it would have done
    edits.push({ kind: 'run-path', value: recipe.runPath, force: 'rpath' });
    return edits;
  }
  // the private directory serves all that it served, and what it leads to may be the host's
  edits.push(...retireRunPath(facts));
  if (recipe.placement.slot !== undefined) edits.push(...reopenDefaultDirectories(facts));
  return edits;
}

/** A path in DT_NEEDED is opened as it stands: on the host, unless the tree holds the library right there. */
function neededEdits(object: LoadedObject, targets: ReadonlyMap<string, string>): Edit[] {
  return object.edges.flatMap(({ name, to }) =>
    to && name.includes('/') && targets.get(to.id) !== name
      ? [{ kind: 'needed', from: name, to: basename(name) }]
      : [],
  );
}
