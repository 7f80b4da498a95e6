import path from 'node:path';
import type { Manifest } from '../../../src/manifest/manifest.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { walk } from '../../../src/view/walk.ts';
import type { Overlaid } from './overlaid.ts';

/** Files of one kind that only flix or only the package manager brings. */
export interface Difference {
  readonly kind: string;
  readonly files: number;
  readonly bytes: number;
  /** The first of them. */
  readonly example: string;
}

interface Compared {
  readonly path: string;
  readonly size: number;
  readonly package?: string | undefined;
}

export interface Kind {
  readonly name: string;
  /** Why they differ. */
  readonly why: string;
  readonly is: (file: Compared, context: Context) => boolean;
}

interface Context {
  /** The packages that the command line names. */
  readonly named: ReadonlySet<string>;
  /** The packages that the package manager installs. */
  readonly installed: ReadonlySet<string>;
  readonly replaced: ReadonlySet<string>;
}

/** The kinds of files that only the package manager brings; a file is of the first kind that fits. */
export const onlyPackages: readonly Kind[] = [
  {
    name: 'replaced',
    why: 'The host has the file already, and the package manager or a script of a package replaces it: registries and caches that all packages share. An extension that brought it would hide the host’s.',
    is: ({ path: file }, { replaced }) => replaced.has(file),
  },
  {
    name: 'documentation',
    why: 'Manual pages, changelogs and copyright files, and what only Debian’s own tools read (`--with man` and `--with docs` bring them).',
    is: ({ path: file }) =>
      /^\/usr\/share\/(?:doc|man|info|doc-base|lintian|bug|help|gtk-doc|menu|reportbug|debhelper)\//.test(
        file,
      ),
  },
  {
    name: 'scripts',
    why: 'No package contains the file: a script of a package made it on installation (links of update-alternatives, compiled Python, caches).',
    is: ({ package: owner }) => owner === undefined,
  },
  {
    name: 'development',
    why: 'Headers, static libraries and links that only a linker follows.',
    is: ({ path: file }) =>
      /^\/usr\/include\/|\.a$|\/pkgconfig\/|^\/usr\/lib\/[^/]+\/lib[^/]+\.so$/.test(file),
  },
  {
    name: 'translations',
    why: 'Messages in other languages, of packages that the command line does not name.',
    is: ({ path: file, package: owner }, { named }) =>
      /^\/usr\/share\/locale(?:-langpack)?\//.test(file) && !named.has(owner!),
  },
  {
    name: 'named packages',
    why: 'Messages in other languages (`--with locales` brings them), hooks of the bug reporter apport, and a plugin among the libraries that only a configuration file names (mosquitto_dynamic_security.so).',
    is: ({ package: owner }, { named }) => named.has(owner!),
  },
  {
    name: 'libraries',
    why: 'Libraries of packages that the named ones depend on, which no file of the extension loads.',
    is: ({ path: file }) => /^\/usr\/lib\/(?:x86_64-linux-gnu\/)?[^/]+\.so(?:\.[^/]*)?$/.test(file),
  },
  {
    name: 'programs',
    why: 'Programs of packages that the named ones depend on, which none of the programs is known to start.',
    is: ({ path: file }) => /^\/usr\/(?:s?bin|games)\//.test(file),
  },
  {
    name: 'data',
    why: 'Other files of packages that the named ones depend on, which none of the programs is known to open.',
    is: () => true,
  },
];

/** The kinds of files that only flix brings. */
export const onlyFlix: readonly Kind[] = [
  {
    name: 'written by flix',
    why: 'The manifest, the extension-release file, and what makes accounts and files of /etc after a merge (sysusers.d, tmpfiles.d, units).',
    is: ({ package: owner, path: file }) => owner === undefined && file.startsWith('flix:'),
  },
  {
    name: 'from /etc',
    why: 'Configuration that the packages have in /etc, where an extension can bring nothing: the tree has it as factory files.',
    is: ({ path: file }) => file.startsWith('/etc/') || file.startsWith('/var/'),
  },
  {
    name: 'other packages',
    why: 'Files of packages that the package manager does not install without recommendations: the programs use them if they are there, and the staging root has them.',
    is: ({ package: owner }, { installed }) => owner !== undefined && !installed.has(owner),
  },
  {
    name: 'made in the staging root',
    why: 'No package contains the file: a script of a package made it in the staging root.',
    is: ({ package: owner }) => owner === undefined,
  },
  { name: 'else', why: 'Other files.', is: () => true },
];

/** Compares a tree file by file with what the package manager brings, wherever in the tree the files are. */
export function differencesOf(
  tree: string,
  manifest: Manifest,
  { files, replaced }: Overlaid,
  packages: readonly string[],
): Difference[] {
  const context: Context = {
    named: new Set(packages),
    installed: new Set(files.flatMap(file => file.package ?? [])),
    replaced: new Set(replaced),
  };
  const view = directoryView(tree);
  const entries = [...walk(view, '/')].filter(({ kind }) => kind !== 'directory');
  const known = new Map(manifest.files.map(file => [file.path, file]));
  const brought = entries.map(({ path: place, kind }): Compared & { readonly place: string } => {
    const file = known.get(place);
    const isOwn = file === undefined || file.role === 'metadata';
    return {
      place,
      path: isOwn ? `flix:${place}` : (file.origin?.path ?? linkOrigin(place, manifest, known)),
      size: kind === 'file' ? view.stat(place).size : 0,
      package: file?.origin?.package,
    };
  });
  const have = new Set(brought.flatMap(file => [file.path, file.place]));
  const theirs = new Set(files.map(file => file.path));
  return [
    ...counted(
      'apt',
      onlyPackages,
      files.filter(file => !have.has(file.path)),
      context,
    ),
    ...counted(
      'flix',
      onlyFlix,
      brought.filter(file => !theirs.has(file.path) && !theirs.has(file.place)),
      context,
    ),
  ];
}

/** Returns the path of a library in the staging root for a link that flix makes to it, which has no origin of its own. */
function linkOrigin(
  place: string,
  { prefix }: Manifest,
  known: ReadonlyMap<string, Manifest['files'][number]>,
): string {
  const { link } = known.get(place) ?? {};
  if (!place.startsWith(`${prefix}/`) || link === undefined) return place;
  const target = known.get(path.resolve(path.dirname(place), link))?.origin?.path;
  return target === undefined ? place : path.join(path.dirname(target), path.basename(place));
}

function counted(
  by: string,
  kinds: readonly Kind[],
  files: readonly Compared[],
  context: Context,
): Difference[] {
  const found = new Map<string, Compared[]>();
  for (const file of files) {
    const { name } = kinds.find(kind => kind.is(file, context))!;
    found.set(name, [...(found.get(name) ?? []), file]);
  }
  return kinds.flatMap(({ name }) => {
    const alike = found.get(name);
    if (!alike) return [];
    const bytes = alike.reduce((total, { size }) => total + size, 0);
    const largest = [...alike].sort((a, b) => b.size - a.size)[0]!;
    return [{ kind: `${by}: ${name}`, files: alike.length, bytes, example: largest.path }];
  });
}
