import { FlixError } from '../errors.ts';
import { databaseOf, unreadDatabase } from '../packages/database.ts';
import { provideRpm, QUERY_FORMAT } from '../packages/rpm.ts';
import type { PackageRequest } from '../plan/packages/package-plan.ts';
import { namedPackages } from '../plan/packages/select.ts';
import { type Depends, type Extra, extras } from '../plan/packages/choices.ts';
import { ownAsRoot } from '../view/owners.ts';
import type { View } from '../view/view.ts';
import { notEmpty } from './paths.ts';

/** The options about packages, as the user gave them. */
export interface PackageOptions {
  readonly package: readonly string[];
  readonly depends?: Depends | undefined;
  /** Each may be several words with commas between them. */
  readonly with: readonly string[];
  readonly force?: boolean;
}

/** Finds the named packages in a root; `undefined`: none is named. Throws `FlixError`. @param whole the root has an os-release */
export function packageChoices(
  options: PackageOptions,
  root: View,
  whole: boolean,
): Omit<PackageRequest, 'name' | 'prefix' | 'skip'> | undefined {
  const wanted = extrasIn(options.with);
  if (options.package.length === 0) {
    const option = options.depends === undefined ? (wanted.size > 0 ? '--with' : undefined) : '--depends';
    if (option === undefined) return undefined;
    throw new FlixError(
      'input',
      'usage',
      `${option} is about packages, but no package is named`,
      'Add --package NAME.',
    );
  }
  if (!whole)
    throw new FlixError(
      'input',
      'package-of-tree',
      `--package takes a package from a whole root, but ${root.label} has no os-release`,
      'Name the root in which the package is installed: flix vendor / --package NAME',
    );
  const view = ownAsRoot(root, process.getuid?.() ?? 0);
  const known = databaseOf(view);
  if (!known) throw noDatabase(root);
  const named = namedPackages(
    known,
    options.package.map(name => notEmpty(name, '--package')),
    options.force ?? false,
  );
  return { view, known, named, depends: options.depends ?? 'needed', wanted };
}

function extrasIn(given: readonly string[]): Set<Extra> {
  const words = given.flatMap(text => notEmpty(text, '--with').split(','));
  for (const word of words)
    if (!extras.some(extra => extra === word))
      throw new FlixError(
        'input',
        'usage',
        `--with ${word} is not known`,
        `Write --with and any of ${extras.join(', ')}, with commas between them.`,
      );
  return new Set(extras.filter(extra => words.includes(extra)));
}

function noDatabase(root: View): FlixError {
  return new FlixError(
    'input',
    'no-packages',
    `${root.label} has no package database of dpkg, apk, pacman or rpm`,
    'Name the programs and directories by their paths: flix vendor ROOT /usr/bin/PROGRAM',
  );
}

/**
 * Asks rpm about roots whose only package database is one of rpm, before anything looks up an owner. Returns the failure of
 * the last root that rpm cannot read.
 */
export async function readRpm(roots: readonly View[]): Promise<FlixError | undefined> {
  let failure: FlixError | undefined;
  for (const view of roots) {
    // a profile lists the files of the database, but lacks their contents
    const database = view.record ? undefined : unreadDatabase(view);
    if (!database) continue;
    const { queryRpm } = await import('../io/rpm.ts'); // few roots have such a database
    const open = database.files.map(({ name, path }) => ({ name, file: view.open(path) }));
    try {
      const files = open.map(({ name, file }) => ({
        name,
        size: file.size,
        read: (offset: number, length: number) => file.read(offset, length),
      }));
      provideRpm(view, database, await queryRpm(files, QUERY_FORMAT));
    } catch (error) {
      if (!(error instanceof FlixError)) throw error;
      const { place, format } = database;
      const message = `${view.label} has a package database of rpm (${place}, ${format}), but ${error.message}`;
      failure = new FlixError(error.kind, error.code, message, error.fix);
    } finally {
      for (const { file } of open) file.close();
    }
  }
  return failure;
}
