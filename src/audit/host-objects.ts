import { isProgram } from '../elf/classify.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { expandTokens } from '../resolve/tokens.ts';
import { softwareDirectories } from '../view/host-directories.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { normalise, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** A dynamic ELF file of a host. */
export interface HostObject {
  /** The real path. */
  readonly path: string;
  readonly role: 'program' | 'object';
  readonly facts: ElfFacts;
}

/** Returns every dynamic ELF file of a host. */
export function hostObjects(host: View): readonly HostObject[] {
  return objectsOf(host, '/');
}

const objectsOf = memoised((host): readonly HostObject[] =>
  softwareDirectories
    .filter(place => host.kind(place) === 'directory')
    .flatMap(place => {
      const found: HostObject[] = [];
      for (const { path, kind } of walk(host, place)) {
        if (kind !== 'file') continue;
        const { facts } = objectAt(host, path);
        if (facts?.dynamic) found.push({ path, role: isProgram(facts) ? 'program' : 'object', facts });
      }
      return found;
    }),
);

/** Returns the DT_NEEDED names of all objects of a host, with or without a slash. */
export function requestedNames(host: View): ReadonlySet<string> {
  return new Set(
    hostObjects(host).flatMap(({ facts }) => facts.dynamic?.needed.map(({ name }) => name) ?? []),
  );
}

/** Returns the directories in run paths of a host’s objects, whether they exist or not. */
export function runPathDirectories(host: View): ReadonlySet<string> {
  return new Set(
    hostObjects(host).flatMap(({ path, facts }) => {
      const { rpath, runpath } = facts.dynamic ?? {};
      return (runpath ?? rpath ?? '').split(':').flatMap(element => {
        const values = { ORIGIN: parent(path), LIB: undefined, PLATFORM: undefined };
        const directory = expandTokens(element, values);
        return directory?.startsWith('/') ? [normalise(directory)] : [];
      });
    }),
  );
}
