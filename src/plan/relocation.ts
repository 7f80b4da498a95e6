import { isProgram } from '../elf/classify.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { defaultDirectorySlots } from '../elf/loader-strings.ts';
import { FlixError } from '../errors.ts';
import { libcOf } from '../libc/libc.ts';
import type { Opening } from '../manifest/manifest.ts';
import type { Edit } from '../relocate/edit.ts';
import { interpreterRoom, setInterpreter } from '../relocate/interpreter.ts';
import { type MuslPlacement, placeGlibc, type Placement, placeMusl } from '../relocate/place.ts';
import { firstGenerationEdits, reopenDefaultDirectories, retireRunPath } from '../relocate/run-path.ts';
import { sealGlibc, sealMusl } from '../relocate/seal.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { basename } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { RedirectEdits } from './redirect-edits.ts';
import type { PlanRequest } from './request.ts';

/** How the ELF files of one tree are edited. */
export interface Relocation {
  readonly placement: Placement;
  /** The seal; empty with `--seal none`. */
  readonly loaderEdits: readonly Edit[];
  /** What the sealed loader still honours. */
  readonly openings: readonly Opening[];
  /** musl: the file with its list of directories. */
  readonly pathFile: MuslPlacement['pathFile'] | undefined;
  /** Set if no default directory of the loader could become the private one: run paths must lead there. */
  readonly runPath: string | undefined;
  /** Sets PT_INTERP of a program. */
  readonly interpreterEdits: (facts: ElfFacts) => readonly Edit[];
  /** `--seal none`: the only edits of a file. */
  readonly firstGeneration: ((facts: ElfFacts) => readonly Edit[]) | undefined;
}

/**
 * Decides how the loader is sealed and where it lies.
 * @param programs all that get the interpreter: the one with the least room decides whether it fits in place
 */
export function chooseRelocation(
  request: Pick<PlanRequest, 'name' | 'prefix' | 'seal'>,
  loader: Loader,
  programs: readonly ElfFacts[],
): Relocation {
  const content = readBytes(loader.view, loader.real);
  if (!content)
    throw new FlixError('io', 'unreadable', `${loader.real} of ${loader.view.label} cannot be read`);
  const place = {
    prefix: request.prefix,
    name: request.name,
    loader: basename(loader.real),
    interpreterRoom: Math.min(...programs.map(interpreterRoom).filter(room => room > 0), Infinity),
  };
  const musl = loader.family === 'musl' ? placeMusl({ ...place, replaces: loader.path }) : undefined;
  const placement = musl ?? placeGlibc({ ...place, slots: defaultDirectorySlots(content)[0] ?? [] });
  const { interpreter, libraryDirectory } = placement;
  const common = {
    placement,
    pathFile: musl?.pathFile,
    interpreterEdits: (facts: ElfFacts) => [setInterpreter(facts, interpreter)],
  };
  if (request.seal === 'none')
    return {
      ...common,
      loaderEdits: [],
      openings: unsealedOpenings(loader.family, `${libraryDirectory}/${place.loader}`, [
        loader.preloadFile,
        loader.cacheFile,
      ]),
      runPath: undefined,
      firstGeneration: facts => firstGenerationEdits(facts, { interpreter, libraryDirectory }),
    };
  const seal = musl
    ? sealMusl(content, loader.facts, loader.real)
    : sealGlibc(content, loader.facts, placement.slot, loader.real);
  return {
    ...common,
    loaderEdits: seal.edits,
    openings: seal.open.map(variable => variableOpening(variable, `${libraryDirectory}/${place.loader}`)),
    runPath: musl || placement.slot !== undefined ? undefined : libraryDirectory,
    firstGeneration: undefined,
  };
}

/**
 * Returns what an unsealed loader honours regardless of run paths: variables, and files of the host.
 * @param file the loader's path in the tree
 */
export function unsealedOpenings(
  family: Loader['family'],
  file: string,
  hostFiles: readonly (string | undefined)[],
): Opening[] {
  const openings = libcOf(family).variables.map(variable => variableOpening(variable, file));
  for (const through of hostFiles)
    if (through !== undefined) openings.push({ through, admits: 'libraries of the host', file });
  return openings;
}

function variableOpening(through: string, file: string): Opening {
  return { through, admits: 'libraries of whoever starts the program', file };
}

/** What the edits of all files depend on. */
export interface FileEdits {
  readonly relocation: Relocation;
  /** Where loaded objects lie in the tree, by their ids; private copies are added once all of them are claimed. */
  readonly targets: ReadonlyMap<string, string>;
  readonly redirects: RedirectEdits;
}

/** Returns all edits of one ELF file. */
export function editsOf({ relocation, targets, redirects }: FileEdits, object: LoadedObject): Edit[] {
  const { facts } = object;
  if (relocation.firstGeneration) return [...relocation.firstGeneration(facts)];
  const source = object.view.source(object.real);
  const edits: Edit[] = [...redirects.editsOf(source.view, source.path)];
  if (facts.interpreter !== undefined && isProgram(facts)) edits.push(...relocation.interpreterEdits(facts));
  edits.push(...neededEdits(object, targets));
  if (relocation.runPath !== undefined) {
    // without a private default directory, the run path has to lead to the libraries
    edits.push({ kind: 'run-path', value: relocation.runPath, force: 'rpath' });
    return edits;
  }
  // the private directory has all libraries that the run path led to, and its directories may be the host's
  edits.push(...retireRunPath(facts));
  if (relocation.placement.slot !== undefined) edits.push(...reopenDefaultDirectories(facts));
  return edits;
}

/** Replaces paths in DT_NEEDED by names, unless the tree has the library at that path: loaders open a path as it is, on the host. */
function neededEdits(object: LoadedObject, targets: ReadonlyMap<string, string>): Edit[] {
  return object.edges.flatMap(({ name, to }) =>
    to && name.includes('/') && targets.get(to.id) !== name
      ? [{ kind: 'needed', from: name, to: basename(name) }]
      : [],
  );
}
