import { defineCheck, type Evidence, type Observation } from '../../check.ts';
import { asProvider } from '../../extension.ts';
import { rivals, sharedLibraries, type SharedLibrary } from '../../rival-libraries.ts';
import { libcFamily } from '../../../libc/libc.ts';
import { sameContent } from '../../same-entry.ts';

interface SonameCollision extends Observation {
  readonly soname: string;
  /** The same library of another extension. */
  readonly rival: { readonly extension: string; readonly path: string };
}

export const sonameCollision = defineCheck(
  'collisions/soname',
  {
    title: 'Two extensions ship the same library',
    means:
      'Two extensions have a library with the same soname in directories that every loader searches, at different ' +
      'paths and with different content. Each program gets the one that its loader finds first; a process contains ' +
      'only one of them.',
    matters:
      'A program of one extension runs with the library of the other. If that library lacks a symbol version, the ' +
      'audit reports it (missing/symbol-version); otherwise it is still a build that nobody tested, and it changes ' +
      'when one of the extensions is updated.',
    fix: 'Ship the library in one extension only, or keep a private copy in each: “flix vendor”.',
  },
  find,
);

function* find({ merge, inventories }: Evidence): Generator<SonameCollision> {
  const libraries = inventories.flatMap(inventory => sharedLibraries(inventory, merge));
  for (const [one, other] of rivals(libraries)) {
    const families = new Set([libcFamily(one.facts), libcFamily(other.facts)]);
    // builds for two libcs are worse; collisions/libc-family reports them
    if (families.has('musl') && families.has('glibc')) continue;
    if (!sameContent(merge.view, one.path, merge.view, other.path)) yield finding(one, other);
  }
}

function finding(one: SharedLibrary, other: SharedLibrary): SonameCollision {
  return {
    extension: one.extension,
    subject: one.path,
    chain: [one, other].map(({ extension, path, soname }) => ({
      name: soname,
      path,
      provider: asProvider(extension),
      origin: null,
    })),
    soname: one.soname,
    rival: { extension: other.extension.name, path: other.path },
    message: `${one.soname} exists twice: as ${one.path}, and as ${other.path} of the extension ${other.extension.name}`,
    fix: 'Ship it in one of them only, or keep a private copy in each with “flix vendor”.',
  };
}
