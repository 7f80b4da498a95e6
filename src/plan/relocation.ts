import type { ElfFacts } from '../elf/facts.ts';
import { defaultDirectorySlots } from '../elf/loader-strings.ts';
import { FlixError } from '../errors.ts';
import { libcOf } from '../libc/libc.ts';
import type { Edit } from '../relocate/edit.ts';
import { interpreterRoom, setInterpreter } from '../relocate/interpreter.ts';
import { type MuslPlacement, placeGlibc, type Placement, placeMusl } from '../relocate/place.ts';
import { firstGenerationEdits, reopenDefaultDirectories, retireRunPath } from '../relocate/run-path.ts';
import { sealGlibc, sealMusl } from '../relocate/seal.ts';
import type { Loader } from '../resolve/loader.ts';
import { basename } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { Opening } from '../manifest/manifest.ts';
import { isProgram } from '../elf/classify.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { PlanRequest } from './request.ts';

/** How the files of one tree are made private. */
export interface Relocation {
  readonly placement: Placement;
  /** The seal; none with `--seal none`. */
  readonly loaderEdits: readonly Edit[];
  /** What the loader still follows. */
  readonly openings: readonly Opening[];
  /** Variables that the seal closes, if the loader confirms it. */
  readonly sealedVariables: readonly string[];
  /** musl: its list of directories. */
  readonly pathFile: MuslPlacement['pathFile'] | undefined;
  /** No default directory of the loader could be made private: run paths have to lead to it. */
  readonly runPath: string | undefined;
  /** PT_INTERP of a program. */
  readonly interpreterEdits: (facts: ElfFacts) => readonly Edit[];
  /** `--seal none`: all that is done to a file; nothing else of the relocation applies to it. */
  readonly firstGeneration: ((facts: ElfFacts) => readonly Edit[]) | undefined;
}

/** @param programs all that get the interpreter: the tightest of them decides whether it fits in place */
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
      sealedVariables: [],
      openings: unsealed(`${libraryDirectory}/${place.loader}`, loader),
      runPath: undefined,
      firstGeneration: facts => firstGenerationEdits(facts, { interpreter, libraryDirectory }),
    };
  const seal = musl
    ? sealMusl(content, loader.facts, loader.real)
    : sealGlibc(content, loader.facts, placement.slot, loader.real);
  return {
    ...common,
    loaderEdits: seal.edits,
    sealedVariables: seal.closed,
    openings: seal.open.map(variable => variableOpening(variable, `${libraryDirectory}/${place.loader}`)),
    runPath: musl || placement.slot !== undefined ? undefined : libraryDirectory,
    firstGeneration: undefined,
  };
}

/** What an unsealed loader follows, whatever the run paths say (relocation of the first generation). */
function unsealed(file: string, { family, preloadFile, cacheFile }: Loader): Opening[] {
  const openings = libcOf(family).variables.map(variable => variableOpening(variable, file));
  for (const through of [preloadFile, cacheFile])
    if (through !== undefined) openings.push({ through, admits: 'libraries of the host', file });
  return openings;
}

export function variableOpening(through: string, file: string): Opening {
  return { through, admits: 'libraries of whoever starts the program', file };
}

/** What the edits of a file depend on. */
export interface FileEdits {
  readonly relocation: Relocation;
  /** Where loaded objects lie in the tree, by identity; private copies are added once all of them are claimed. */
  readonly targets: ReadonlyMap<string, string>;
}

/** All edits of one ELF file. */
export function editsOf({ relocation, targets }: FileEdits, object: LoadedObject): Edit[] {
  const { facts } = object;
  if (relocation.firstGeneration) return [...relocation.firstGeneration(facts)];
  const edits: Edit[] = [];
  if (facts.interpreter !== undefined && isProgram(facts)) edits.push(...relocation.interpreterEdits(facts));
  edits.push(...neededEdits(object, targets));
  if (relocation.runPath !== undefined) {
    // no private default directory: the run path has to do what it would have done
    edits.push({ kind: 'run-path', value: relocation.runPath, force: 'rpath' });
    return edits;
  }
  // the private directory serves all that it served, and what it leads to may be the host's
  edits.push(...retireRunPath(facts));
  if (relocation.placement.slot !== undefined) edits.push(...reopenDefaultDirectories(facts));
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
