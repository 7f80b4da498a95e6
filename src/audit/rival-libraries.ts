import type { ElfFacts } from '../elf/facts.ts';
import { sameAbi } from '../elf/machine.ts';
import { objectAt } from '../view/object.ts';
import { parent } from '../view/path.ts';
import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';
import type { Inventory } from './subject.ts';

/** A library of an extension in a directory that every loader searches. */
export interface SharedLibrary {
  readonly extension: Extension;
  readonly path: string;
  readonly soname: string;
  readonly facts: ElfFacts;
}

/** Default directories of the loaders of distributions. Libraries in private directories do not conflict. */
const SHARED = /^\/usr\/(?:local\/)?lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?(?:\/glibc-hwcaps\/[^/]+)?$/;

export function sharedLibraries({ extension, objects }: Inventory, { view }: Merge): SharedLibrary[] {
  return objects.flatMap(path => {
    const { facts } = objectAt(view, path);
    const soname = facts?.dynamic?.soname;
    if (!facts || soname === undefined || !SHARED.test(parent(path))) return [];
    return [{ extension, path, soname, facts }];
  });
}

/** Yields every pair of libraries with one soname and one ABI that different extensions ship at different paths. */
export function* rivals(
  libraries: readonly SharedLibrary[],
): Generator<readonly [SharedLibrary, SharedLibrary]> {
  for (const [index, one] of libraries.entries())
    for (const other of libraries.slice(index + 1))
      if (
        one.soname === other.soname &&
        one.extension !== other.extension &&
        one.path !== other.path &&
        sameAbi(one.facts.header, other.facts.header)
      )
        yield [one, other];
}
