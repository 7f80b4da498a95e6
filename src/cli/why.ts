import type { Command } from 'commander';
import { printable } from '../printable.ts';
import { FlixError } from '../errors.ts';
import { reach } from '../resolve/reach.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { missingReasons, reasonsFor } from '../resolve/reasons.ts';
import { resolver } from '../resolve/resolve.ts';
import { whyDocument } from '../report/json-why.ts';
import { type Answer, whyText } from '../report/why.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { manifestNeed } from '../plan/compose-manifest.ts';
import { type FileAnswer, fileDocument, fileText } from '../report/why-file.ts';
import { isBrought } from '../needs/need.ts';
import { follow } from '../view/follow.ts';
import { isProgramAt, objectAt } from '../view/object.ts';
import { basename, normalise, within } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import { standardError } from '../io/standard-error.ts';
import { createCommand } from './command.ts';
import { entryPaths } from './entry.ts';
import { EXIT } from './exit.ts';
import { insideRoot, openRoots, rootOptions, type Roots, withRoots } from './roots.ts';
import { addOptions, type OptionTable, optionValues, type OptionValues } from './options.ts';
import { jsonText, terminalStyle, writeResult } from './output.ts';

const whyOptions = {
  ...rootOptions,
  size: {
    flags: '--size',
    type: 'switch',
    help: 'also print what leaving out the library would save: all that only it brings in',
    default: false,
  },
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
} as const satisfies OptionTable;

/** The number of chains shown if no program is named: about one screen. */
const LIMIT = 10;

export function whyCommand(): Command {
  const command = createCommand('why')
    .description(
      'Shows the chains of dependencies that bring in a library, or where a missing library was searched for; for ' +
        'another file, what needs it at run time. In a tree that flix made, the manifest gives the answer.',
    )
    .argument('<library>', 'a soname, a file name, or a path inside the root')
    .argument('[entry...]', 'the programs to look at; may be globs (default: every program of the root)');
  return addOptions(command, whyOptions)
    .addHelpText(
      'after',
      '\nExit status: 0 if it is loaded, 1 if nothing needs it, 2 for bad input, 3 if it is needed and missing.',
    )
    .action(async (library: string, entries: string[]) => {
      await withRoots(optionValues(command, whyOptions), options => answerWhy(library, entries, options));
    });
}

async function answerWhy(
  library: string,
  entries: readonly string[],
  options: OptionValues<typeof whyOptions>,
): Promise<void> {
  const roots = await openRoots(options, false);
  const recorded = library.includes('/')
    ? recordedFile(library, roots)
    : entries.length === 0
      ? recordedChoice(library, roots)
      : undefined;
  if (recorded) return answerFile(recorded, options.json);
  if (library.includes('/') && entries.length > 0 && isData(library, roots))
    return answerFile(await neededFile(library, entries, roots), options.json);
  const resolve = resolver(roots.views, roots.options);
  const paths = entries.length > 0 ? await entryPaths(entries, roots) : [...programs(roots)];
  const closures = paths.map(path => resolve(path));
  const reasons = reasonsFor(closures, matcher(library, roots));
  const missing = missingReasons(closures, name => name === library || basename(name) === library);
  if (library.includes('/') && entries.length > 0 && reasons.length + missing.length === 0) {
    const needed = await neededFile(library, entries, roots);
    if (needed.needs.length > 0) return answerFile(needed, options.json);
  }
  const answer: Answer = { library, entries: closures.length, reasons, missing };
  if (options.json) writeResult(jsonText(whyDocument(answer, options.size)));
  else if (reasons.length + missing.length > 0) {
    const format = {
      style: terminalStyle(),
      several: roots.all.length > 1,
      size: options.size,
      limit: entries.length > 0 ? Infinity : LIMIT,
    };
    writeResult(`${whyText(answer, format)}\n`);
  } else standardError().write(`flix: ${notNeeded(printable(library), closures)}\n`);
  if (missing.length > 0) process.exitCode = EXIT.missing;
  else if (reasons.length === 0) process.exitCode = EXIT.findings;
}

/** Looks a library up among the choices for the hosts to which the tree is bound. */
function recordedChoice(name: string, { all: [{ view }] }: Roots): FileAnswer | undefined {
  const choices = manifestsIn(view).flatMap(({ host }) => host?.choices ?? []);
  const choice = choices.find(known => known.name === name);
  return choice && { path: name, why: `from the ${choice.from}: ${choice.because}`, needs: [] };
}

/** Looks a path up in the manifests of the root, if it is a tree that flix made. */
function recordedFile(file: string, { all: [{ directory, view }] }: Roots): FileAnswer | undefined {
  const path = normalise(insideRoot(file, directory));
  for (const { files, needs = [] } of manifestsIn(view)) {
    const recorded = files.find(known => known.path === path);
    if (!recorded) continue;
    const origin = recorded.origin?.path ?? path;
    const found = needs.filter(need => isBrought(need) && within(need.what, origin));
    return { path, why: recorded.why, needs: found };
  }
  return undefined;
}

/** Whether a path of the root is a file or directory that no loader loads. */
function isData(file: string, { all: [{ directory, view }] }: Roots): boolean {
  const real = follow(view, insideRoot(file, directory));
  return real.path !== undefined && (real.kind === 'directory' || !objectAt(view, real.path).facts);
}

async function neededFile(
  file: string,
  entries: readonly string[],
  { all: [{ directory, view }] }: Roots,
): Promise<FileAnswer> {
  const { planOfPaths } = await import('../vendor/plan-of-paths.ts'); // takes what vendor takes, which a library need not pay for
  const literal = insideRoot(file, directory);
  const path = follow(view, literal).path ?? literal;
  const inside = entries.map(entry => insideRoot(entry, directory));
  const { plan } = await planOfPaths(directory, inside, { needs: 'candidate' });
  const found = plan.needs.filter(({ what }) => within(follow(view, what).path ?? what, path));
  return { path, why: undefined, needs: found.map(manifestNeed) };
}

function answerFile(answer: FileAnswer, json: boolean): void {
  writeResult(json ? jsonText(fileDocument(answer)) : fileText(answer, terminalStyle()));
  if (answer.why === undefined && answer.needs.length === 0) process.exitCode = EXIT.findings;
}

function* programs({ all: [{ view }] }: Roots): Generator<string> {
  for (const { path, kind } of walk(view, '/')) if (kind === 'file' && isProgramAt(view, path)) yield path;
}

/** A name with a slash is a file, whichever links lead to it; any other name is a soname or a file name. */
function matcher(library: string, { all: [{ directory }], views }: Roots): (object: LoadedObject) => boolean {
  if (!library.includes('/'))
    return ({ names, path, real }) =>
      names.has(library) || basename(path) === library || basename(real) === library;
  const path = insideRoot(library, directory);
  const reals = new Map(views.map(view => [view, follow(view, path).path]));
  return object => object.path === path || reals.get(object.view) === object.real;
}

function notNeeded(library: string, closures: readonly Closure[]): string {
  if (closures.length === 0)
    throw new FlixError(
      'input',
      'no-program',
      'the root contains no program',
      'Name the file to start from.',
    );
  const names = new Set<string>();
  for (const { entry } of closures)
    for (const object of reach(entry).keys()) for (const name of object.names) names.add(name);
  const near = [...names].filter(name => !name.includes('/') && name.includes(basename(library))).sort();
  const searched = closures.length === 1 ? closures[0]!.entry.path : `${closures.length} programs`;
  const fix =
    near.length > 0
      ? `Did you mean ${near.slice(0, 5).join(', ')}?`
      : 'A program may still load it at run time with dlopen, which no dynamic table shows.';
  return `nothing needs ${library}: it is not among the dependencies of ${searched}\n  ${fix}`;
}
