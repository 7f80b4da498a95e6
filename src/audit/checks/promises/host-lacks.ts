import { someOf } from '../../../printable.ts';
import { gnuHash } from '../../../elf/gnu-hash.ts';
import type { ElfFacts } from '../../../elf/facts.ts';
import type { HostLibrary, ManifestHost } from '../../../manifest/manifest.ts';
import { databaseOf, versionOfOwner } from '../../../packages/database.ts';
import type { Pin } from '../../../packages/package.ts';
import { isSameVersion } from '../../../packages/version-order.ts';
import { libraryFinder } from '../../../resolve/by-name.ts';
import { loaderAt } from '../../../resolve/loader.ts';
import { defines } from '../../../resolve/symbol-check.ts';
import { follow } from '../../../view/follow.ts';
import { objectAt, symbolsAt } from '../../../view/object.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';

export const hostLacks = defineCheck(
  'promises/host-lacks',
  {
    title: 'The host lacks something that the extension was built for',
    means:
      'The extension was made with “flix vendor --host”: its manifest lists what its files take from the hosts that it was ' +
      'made for: loaders, libraries with their symbol versions and symbols, files, and exact versions of packages on which ' +
      'packages of the extension depend. This host does not have all of it.',
    matters:
      'Without a library or a symbol version that it needs, a program does not start. A symbol that is missing ends it at ' +
      'the latest when it calls the function. If a package is demanded in exactly one version, a program may refuse to ' +
      'start with another one, as sqlite3 does, or work: only a run shows which. This check reads only the manifest and ' +
      'the host, so that it answers for the next release of the host, too.',
    fix: 'Vendor again with this host among those of --host; the extension then brings what one of them lacks.',
  },
  function* ({ merge: { extensions, host, view } }) {
    if (!host) return;
    for (const extension of extensions) {
      const expected = extension.promises?.host;
      if (expected) yield* lacks(extension, expected, view);
    }
  },
);

const FIX = 'Vendor again, and name this host with --host as well.';

function* lacks(extension: Extension, expected: ManifestHost, view: View): Generator<Observation> {
  const { interpreters, libraries, files } = expected;
  const subject = extension.promises!.manifest;
  const loaders = interpreters.filter(path => loaderAt(view, path));
  for (const path of interpreters.filter(other => !loaders.includes(other)))
    yield {
      severity: 'error',
      extension,
      subject,
      culprit: path,
      message: `the host has no loader ${path}, which starts the programs`,
      fix: FIX,
    };
  const find = finderIn(view, loaders);
  const found = libraries.map(library => ({ library, at: find(library) }));
  const tables = found.flatMap(({ at }) => (at ? (symbolsAt(view, at.real) ?? 'unread') : []));
  for (const { library, at } of found)
    for (const lacking of lacksOf(library, at, view, tables))
      yield {
        severity: library.optional ? 'warning' : 'error',
        extension,
        subject: library.neededBy,
        fix: FIX,
        ...lacking,
      };
  for (const path of files.filter(file => follow(view, file).path === undefined))
    yield {
      extension,
      subject,
      culprit: path,
      message: `the host has no ${path}, which the extension leaves to it`,
      fix: FIX,
    };
}

/** Yields what a host lacks of a library. @param tables the symbols of all expected libraries on the host */
function* lacksOf(
  library: HostLibrary,
  at: FoundLibrary | undefined,
  view: View,
  tables: Parameters<typeof isDefined>[1],
): Generator<Pick<Observation, 'severity' | 'culprit' | 'message'>> {
  const { name, neededBy } = library;
  if (!at) {
    yield { culprit: name, message: `the host has no ${name}, which ${neededBy} needs` };
    return;
  }
  const pin = library.package;
  const unlike = pin && otherVersion(view, at.real, pin);
  if (pin && unlike !== undefined)
    yield {
      severity: 'warning',
      culprit: `${pin.name} ${pin.version}`,
      message: `${at.real} of the host is of ${pin.name} ${unlike}, but the package of ${neededBy} needs exactly ${pin.version}`,
    };
  const defined = at.facts.versions?.defines;
  const versions = defined ? library.versions.filter(version => !defined.includes(version)) : [];
  if (versions.length > 0)
    yield {
      culprit: `${versions[0]!} of ${name}`,
      message: `${at.real} of the host does not define ${someOf(versions)}, which ${neededBy} needs`,
    };
  const symbols = library.symbols.filter(
    symbol => !versions.some(version => symbol.endsWith(`@${version}`)) && !isDefined(symbol, tables),
  );
  if (symbols.length > 0)
    yield {
      culprit: `${symbols[0]!} of ${name}`,
      message: `${at.real} of the host does not define ${someOf(symbols)}, which ${neededBy} calls or reads`,
    };
}

/** Returns the version of a pinned package if the host records a file as its, but in a version that the pin does not accept. */
function otherVersion(view: View, real: string, { name, version }: Pin): string | undefined {
  const source = view.source(real);
  const recorded = versionOfOwner(source.view, source.path, name);
  if (recorded === undefined) return undefined;
  // a profile has no package database
  const type = source.view.record ? undefined : databaseOf(source.view)?.type;
  return isSameVersion(type, recorded, version) ? undefined : recorded;
}

interface FoundLibrary {
  readonly real: string;
  readonly facts: ElfFacts;
}

/** Returns the function that finds a library as the loaders do, or else where the hosts of the manifest have it. */
function finderIn(
  view: View,
  loaders: readonly string[],
): (library: HostLibrary) => FoundLibrary | undefined {
  const finders = loaders.map(loader => libraryFinder(view, loader));
  return ({ name, paths }) => {
    for (const find of finders) {
      const found = find(name);
      if (found) return found;
    }
    for (const path of paths) {
      const real = follow(view, path).path;
      const facts = real === undefined ? undefined : objectAt(view, real).facts;
      if (facts) return { real: real!, facts };
    }
    return undefined;
  };
}

type Table = NonNullable<ReturnType<typeof symbolsAt>> | 'unread';

/** Whether a library of the host defines a symbol: the loader accepts that of any. */
function isDefined(symbol: string, tables: readonly Table[]): boolean {
  const at = symbol.lastIndexOf('@');
  const [name, version] = at > 0 ? [symbol.slice(0, at), symbol.slice(at + 1)] : [symbol, undefined];
  const reference = { name, version, hash: gnuHash(name), file: undefined, weak: false, copy: false };
  return tables.some(table => table === 'unread' || defines(table, reference));
}
