import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { publishBytes } from '../io/publish.ts';
import { databaseOf, packageNamed } from '../packages/database.ts';
import type { Database, Package } from '../packages/package.ts';
import { printable } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import { directoryView, kindAt, realPlace } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { readOsRelease } from '../view/os-release.ts';
import { basename, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { createCommand } from './command.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
import { messagesOf, writeResult } from './output.ts';
import { DEFAULT_RECIPE } from './recipe-file.ts';
import { isSource, withStaged } from './staged-source.ts';

const initOptions = {
  root: {
    flags: '--root <root>',
    type: 'path',
    help: 'a root or a source of flix stage (default: / for a path, and for a package the release of this machine, such as debian:bookworm)',
  },
  out: {
    flags: '-o, --out <file>',
    type: 'path',
    help: 'where to write the recipe',
    default: DEFAULT_RECIPE,
  },
  force: { flags: '--force', type: 'switch', help: 'replace an existing recipe', default: false },
  ...messageOptions,
} as const satisfies OptionTable;

/** A first recipe without its root and tests. */
interface FirstRecipe {
  /** What was found, as lines of the summary by their labels. */
  readonly summary: Readonly<Record<string, string>>;
  readonly recipe: Readonly<Record<string, unknown>>;
  /** The program that the smoke test runs. */
  readonly program: string;
}

export function initCommand(): Command {
  const command = createCommand('init')
    .description('Writes a first recipe for a package or a program that a root or source has.')
    .argument('<what>', 'the name of a package, or the absolute path of a program');
  return addOptions(command, initOptions)
    .addHelpText(
      'after',
      `
Examples:
  flix init tilde --root debian:bookworm && flix build
  flix init /usr/bin/htop`,
    )
    .action(async (what: string) => {
      const options = optionValues(command, initOptions);
      const messages = messagesOf(options);
      if (!options.force && kindAt(realPlace(options.out)) !== undefined)
        throw new FlixError(
          'input',
          'recipe-exists',
          `${options.out} exists already`,
          'Name another file with --out, or replace it with --force.',
        );
      const isPath = what.startsWith('/');
      const root = options.root ?? (isPath ? '/' : sourceOfThisMachine());
      const recipeIn = ([directory]: readonly string[]) => {
        const view = directoryView(directory!, { staged: true });
        return Promise.resolve(
          isPath ? recipeForProgram(view, root, what) : recipeForPackage(view, root, what),
        );
      };
      const { summary, recipe, program } = await withStaged(
        [root],
        recipeIn,
        isPath ? {} : { include: [what] },
        messages,
      );
      messages.done();
      const test = `${shellWord(program)} --version`;
      const whole = { root, ...recipe, ...(isSource(root) && { hosts: [root] }), tests: [{ run: test }] };
      await publishBytes(options.out, Buffer.from(`${JSON.stringify(whole, undefined, 2)}\n`), messages);
      const lines = {
        ...summary,
        test: `${test}, as root and as an ordinary user: replace it with work that users do`,
        next: options.out === DEFAULT_RECIPE ? 'flix build' : `flix build ${shellWord(options.out)}`,
      };
      const text = Object.entries(lines).map(([label, value]) => `  ${label.padEnd(8)}  ${value}`);
      if (!options.quiet) writeResult(`${[options.out, ...text].map(printable).join('\n')}\n`);
    });
}

/** Returns the source for the release of this machine. Throws `FlixError` `no-root` if it is neither Debian nor Ubuntu. */
function sourceOfThisMachine(): string {
  const release = readOsRelease(directoryView('/'));
  const [id, suite] = [release?.get('ID'), release?.get('VERSION_CODENAME')];
  if ((id === 'debian' || id === 'ubuntu') && suite) return `${id}:${suite}`;
  throw new FlixError(
    'input',
    'no-root',
    'without --root, packages come from the release of this machine, which is neither Debian nor Ubuntu',
    'Name a root or a source, for example: --root debian:bookworm',
  );
}

const PROGRAM_DIRECTORIES: ReadonlySet<string> = new Set([
  '/usr/bin',
  '/usr/sbin',
  '/usr/games',
  '/bin',
  '/sbin',
]);

/** Makes the recipe of a package. Throws `FlixError`: `no-package`, `no-program`. */
function recipeForPackage(view: View, root: string, name: string): FirstRecipe {
  const known = databaseOf(view);
  const owner = known && packageNamed(known, name)?.found;
  if (!known || !owner)
    throw new FlixError(
      'input',
      'no-package',
      known
        ? `no package ${name} is installed in ${root}`
        : `${root} has no package database that flix can read`,
      known
        ? 'Name a package that is installed there, or a program by its path: flix init /usr/bin/PROGRAM'
        : 'Name a program by its path: flix init /usr/bin/PROGRAM',
    );
  const programs = programsOf(view, known, owner);
  if (programs.length === 0) throw noProgram(view, known, owner);
  const services = known.filesOf(owner).filter(path => /\/systemd\/system\/[^/@]+\.service$/.test(path));
  // the program may be behind a link of update-alternatives, which no package owns
  const ofItsName = [...PROGRAM_DIRECTORIES]
    .map(directory => `${directory}/${owner.name}`)
    .find(path => programs.includes(follow(view, path).path ?? ''));
  return {
    summary: {
      root,
      package: `${owner.name} ${owner.version}`,
      programs: programs.join(', '),
      ...(services.length > 0 && { services: services.map(basename).join(', ') }),
    },
    recipe: { package: [owner.name] },
    program: ofItsName === undefined ? basename(programs[0]!) : owner.name,
  };
}

function programsOf(view: View, known: Database, owner: Package): string[] {
  return known
    .filesOf(owner)
    .filter(path => PROGRAM_DIRECTORIES.has(parent(path)) && follow(view, path).path !== undefined)
    .sort();
}

/** Returns the error for a package without programs. Some only depend on others, such as postgresql-client. */
function noProgram(view: View, known: Database, owner: Package): FlixError {
  const alternatives = owner.depends
    .flat()
    .flatMap(name => packageNamed(known, name)?.found ?? [])
    .filter(other => !other.essential && programsOf(view, known, other).length > 0)
    .map(({ name }) => name);
  const [first] = alternatives;
  return new FlixError(
    'input',
    'no-program',
    `the package ${owner.name} has no program`,
    first === undefined
      ? 'Name a package with a program, or a program by its path.'
      : `It depends on packages with programs: ${[...new Set(alternatives)].join(', ')}.\nflix init ${first}`,
  );
}

/** Makes the recipe of a program. Throws `FlixError` `absent`. */
function recipeForProgram(view: View, root: string, path: string): FirstRecipe {
  const real = follow(view, path);
  if (real.path === undefined || real.kind === 'directory')
    throw new FlixError(
      'input',
      'absent',
      `${path} is not a program of ${root}`,
      'Name the path of a program inside the root, or the name of a package.',
    );
  const known = databaseOf(view);
  const owner = known?.packages.find(each => known.filesOf(each).includes(real.path));
  return {
    summary: { root, program: path, ...(owner && { package: `${owner.name} ${owner.version}` }) },
    recipe: { name: basename(path), paths: [path] },
    program: path,
  };
}
