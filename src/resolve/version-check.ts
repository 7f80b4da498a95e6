import type { Closure, LoadedObject, VersionProblem } from './closure.ts';

/** What DT_RELR needs of its libc; the linker notes it as a version so that an older loader refuses the file. */
export const RELR_MARKER = 'GLIBC_ABI_DT_RELR';

/**
 * Whether every symbol version that an object requires is defined by the object it requires it of (glibc
 * elf/dl-version.c): a weak one may be absent, a library without any definition is accepted.
 *
 * @param objects all that is loaded, the loader included
 */
export function checkVersions(objects: readonly LoadedObject[]): Closure['versionProblems'] {
  const byName = new Map<string, LoadedObject>();
  for (const object of objects)
    for (const name of object.names) if (!byName.has(name)) byName.set(name, object);
  return objects.flatMap(requester => [...unmetNeeds(requester, byName), ...unmarkedRelr(requester, byName)]);
}

function* unmetNeeds(
  requester: LoadedObject,
  byName: ReadonlyMap<string, LoadedObject>,
): Generator<VersionProblem> {
  for (const { file, versions } of requester.facts.versions?.needs ?? []) {
    const provider = byName.get(file);
    const defines = provider?.facts.versions?.defines;
    if (provider && !defines) continue;
    for (const { name, weak } of versions)
      if (!defines?.includes(name) && !(weak && provider))
        yield { requester, file, version: name, provider, unmarked: false };
  }
}

function* unmarkedRelr(
  requester: LoadedObject,
  byName: ReadonlyMap<string, LoadedObject>,
): Generator<VersionProblem> {
  const { dynamic, versions } = requester.facts;
  // the loader looks for the marker only while it goes through the versions of a libc
  const libc = dynamic?.relr ? versions?.needs.find(({ file }) => file.startsWith('libc.so.')) : undefined;
  if (libc && !libc.versions.some(({ name }) => name === RELR_MARKER))
    yield {
      requester,
      file: libc.file,
      version: RELR_MARKER,
      provider: byName.get(libc.file),
      unmarked: true,
    };
}
