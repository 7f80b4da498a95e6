import type { ElfFacts } from '../elf/facts.ts';
import { machineOf, sameAbi } from '../elf/machine.ts';
import { type LibcFamily, libcFamily } from '../libc/libc.ts';
import type { Remark } from '../manifest/manifest.ts';
import { loaderAt } from '../resolve/loader.ts';
import { objectAt } from '../view/object.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Placed } from './gathering.ts';

/** An ELF file that could be loaded in the tree. */
interface Candidate {
  readonly facts: ElfFacts;
  /** The user named this very file. */
  readonly named: boolean;
}

/** What the loader of a tree can load. */
interface Loadable {
  readonly headers: readonly ElfFacts['header'][];
  /** Empty: either family. */
  readonly families: ReadonlySet<LibcFamily>;
}

/**
 * Decides what the loader of a tree can load: files like the programs that the user named, else like the programs whose
 * interpreter the roots have. Packages contain ELF files for other loaders, which are data to their programs: firmware
 * of emulated machines, modules that are built for several machines and libcs.
 *
 * @returns `undefined`: nothing tells; every file counts as loadable
 */
function loadableIn(candidates: readonly Candidate[], views: readonly View[]): Loadable | undefined {
  const named = candidates.filter(candidate => candidate.named);
  const deciding = named.length > 0 ? named : candidates.filter(({ facts }) => hasLoader(facts, views));
  if (deciding.length === 0) return undefined;
  return {
    headers: deciding.map(({ facts }) => facts.header),
    families: new Set(deciding.flatMap(({ facts }) => libcFamily(facts) ?? [])),
  };
}

/** Whether the roots have the interpreter that a program names. */
function hasLoader({ interpreter, header }: ElfFacts, views: readonly View[]): boolean {
  if (interpreter === undefined) return false;
  return views.some(view => {
    const loader = loaderAt(view, interpreter);
    return loader !== undefined && sameAbi(loader.facts.header, header);
  });
}

/** Returns why the loader of a tree can never load a file; `undefined` if it can. */
function foreignness({ headers, families }: Loadable, facts: ElfFacts): string | undefined {
  const { header } = facts;
  const fits = headers.some(own => own.endian === header.endian && sameAbi(own, header));
  if (!fits) return `is for ${machineOf(header)?.systemd ?? `machine ${header.machine}`}`;
  const family = libcFamily(facts);
  return family !== undefined && families.size > 0 && !families.has(family) ? `needs ${family}` : undefined;
}

/**
 * Splits files into those that the loader of the tree can load, and those that are data to it, with remarks.
 *
 * @param hasOther tells which files another loader of the tree can load
 */
export function withoutForeign<P extends Placed>(
  placed: readonly P[],
  viewOf: (file: P) => View,
  views: readonly View[],
  hasOther: (facts: ElfFacts) => boolean = () => false,
): { readonly own: P[]; readonly foreign: P[]; readonly remarks: Remark[] } {
  const files = placed.flatMap(file => {
    const { facts } = objectAt(viewOf(file), file.path);
    return facts ? [{ file, facts, named: file.named ?? false }] : [];
  });
  const loadable = loadableIn(files, views);
  const own: P[] = [];
  const foreign: { readonly file: P; readonly reason: string }[] = [];
  for (const { file, facts, named } of files) {
    const reason = named || !loadable ? undefined : foreignness(loadable, facts);
    if (reason === undefined || hasOther(facts)) own.push(file);
    else foreign.push({ file, reason });
  }
  return { own, foreign: foreign.map(({ file }) => file), remarks: remarksOn(foreign) };
}

/** One remark for all files of one kind in a directory. */
function remarksOn(foreign: readonly { readonly file: Placed; readonly reason: string }[]): Remark[] {
  const groups = new Map<string, { target: string; reason: string; count: number }>();
  for (const { file, reason } of foreign) {
    const key = `${parent(file.target)}\0${reason}`;
    const known = groups.get(key);
    if (known) known.count++;
    else groups.set(key, { target: file.target, reason, count: 1 });
  }
  return [...groups.values()].map(({ target, reason, count }) => {
    const others = count > 1 ? `, like ${count - 1} more in its directory` : '';
    return {
      code: 'foreign-elf',
      file: target,
      message: `${reason}, which the loader of this tree cannot load: copied as data${others}. Leave it out with --exclude, or vendor it separately if it has to run.`,
    };
  });
}
