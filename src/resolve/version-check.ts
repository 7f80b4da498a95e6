import type { Closure, LoadedObject, VersionProblem } from './closure.ts';

/** The version that the linker lets objects with DT_RELR require of libc, so that older loaders reject them. */
export const RELR_MARKER = 'GLIBC_ABI_DT_RELR';

/**
 * Returns the symbol versions that the required objects do not define (glibc elf/dl-version.c). A weak version may be
 * absent, and an object without version definitions is accepted.
 *
 * @param objects all loaded objects, including the loader
 * @param requesters the objects whose requirements are checked
 */
export function checkVersions(
  objects: readonly LoadedObject[],
  requesters: readonly LoadedObject[],
): Closure['versionProblems'] {
  const byName = new Map<string, LoadedObject>();
  for (const object of objects)
    for (const name of object.names) if (!byName.has(name)) byName.set(name, object);
  return requesters.flatMap(requester => [
    ...unmetNeeds(requester, byName),
    ...unmarkedRelr(requester, byName),
  ]);
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
  // the loader looks for the marker only among the versions required of a libc
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
