import type { ElfFacts } from '../../elf/facts.ts';
import type { Edit } from '../../relocate/edit.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import { objectAt } from '../../view/object.ts';
import { basename, join, relative } from '../../view/path.ts';
import type { PlaceOf } from '../gather.ts';
import type { PlannedFile } from '../plan.ts';
import { targetOf } from '../target.ts';

/** The libraries that a tree brings, and the files that search the private directory for them. */
export interface Selection {
  /** The libraries of the staging roots, by the names under which the loader finds them. */
  readonly libraries: ReadonlyMap<string, LoadedObject>;
  /** The targets of the files that get a run path. */
  readonly bound: ReadonlySet<string>;
}

/** A library that a tree brings. */
interface PrivateLibrary {
  readonly object: LoadedObject;
  /** Its soname first, if it is needed under it. */
  readonly names: readonly string[];
  /** Where the tree has it. */
  readonly target: string;
}

/** Where the libraries of a tree go. */
export interface Places {
  /** The private directory of libraries. */
  readonly directory: string;
  readonly placeOf: PlaceOf;
}

/** Returns the libraries of a selection, each once, by target. */
export function privateLibraries({ libraries }: Selection, { directory, placeOf }: Places): PrivateLibrary[] {
  const byId = new Map<string, { object: LoadedObject; names: string[] }>();
  for (const [name, object] of [...libraries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const known = byId.get(object.id);
    if (known) known.names.push(name);
    else byId.set(object.id, { object, names: [name] });
  }
  return [...byId.values()]
    .map(({ object, names }) => {
      const { soname } = object.facts.dynamic ?? {};
      const ordered = [...names.filter(name => name === soname), ...names.filter(name => name !== soname)];
      const { view, path } = object.view.source(object.real);
      const target = placeOf(view, path) ?? placeOfName(ordered[0]!, directory);
      return { object, names: ordered, target };
    })
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** A name with a slash is opened as it is. */
function placeOfName(name: string, directory: string): string {
  return name.includes('/') ? (targetOf(name) ?? join(directory, basename(name))) : join(directory, name);
}

/**
 * Returns the files of a tree with a selection of libraries: the files that search the private directory have a run path.
 *
 * @param files without the libraries
 * @param whyOf why a library is brought, by its first name
 */
export function withLibraries(
  files: readonly PlannedFile[],
  selection: Selection,
  places: Places,
  whyOf: (name: string) => string = () => '',
): PlannedFile[] {
  const libraries: PlannedFile[] = [];
  for (const { object, names, target } of privateLibraries(selection, places)) {
    const { view, path } = object.view.source(object.real);
    const why = whyOf(names[0]!);
    if (places.placeOf(view, path) === undefined)
      libraries.push({ target, role: 'library', content: { kind: 'copy', view, path, edits: [] }, why });
    for (const name of names) {
      const place = placeOfName(name, places.directory);
      if (place !== target)
        libraries.push({
          target: place,
          role: 'library',
          content: { kind: 'link', to: relative(place, target) },
          why,
        });
    }
  }
  return [...files, ...libraries].map(file => bound(file, selection, places));
}

function bound(file: PlannedFile, selection: Selection, { directory }: Places): PlannedFile {
  const { content, target } = file;
  if (content.kind !== 'copy' || !selection.bound.has(target)) return file;
  const { facts } = objectAt(content.view, content.path);
  if (!facts) return file;
  return { ...file, content: { ...content, edits: [...content.edits, ...runPathEdits(facts, directory)] } };
}

/**
 * Returns the edit that makes a file search a directory before all others. DT_RPATH, because the libraries of the host that
 * the file loads then search there, too, so that a process never gets two libraries for one name.
 */
function runPathEdits({ dynamic }: ElfFacts, directory: string): Edit[] {
  const { rpath, runpath } = dynamic ?? {};
  const own = (runpath ?? rpath ?? '').split(':').filter(element => element !== '' && element !== directory);
  const value = [directory, ...own].join(':');
  return runpath === undefined && rpath === value ? [] : [{ kind: 'run-path', value, force: 'rpath' }];
}
