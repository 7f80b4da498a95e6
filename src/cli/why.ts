import type { Command } from 'commander';
import { printable } from '../printable.ts';
import { FlixError } from '../errors.ts';
import { reach } from '../resolve/reach.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { missingReasons, reasonsFor } from '../resolve/reasons.ts';
import { resolver } from '../resolve/resolve.ts';
import { whyDocument } from '../report/json-why.ts';
import { type Answer, whyText } from '../report/why.ts';
import { follow } from '../view/follow.ts';
import { isProgramAt } from '../view/object.ts';
import { basename } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import { createCommand } from './command.ts';
import { entryPaths } from './entry.ts';
import { EXIT } from './exit.ts';
import { insideRoot, openRoots, rootOptions, type Roots } from './roots.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
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
      'Shows the chains of dependencies that bring in a library, or where a missing library was searched for.',
    )
    .argument('<library>', 'a soname, a file name, or a path inside the root')
    .argument('[entry...]', 'the programs to look at; may be globs (default: every program of the root)');
  return addOptions(command, whyOptions)
    .addHelpText(
      'after',
      '\nExit status: 0 if it is loaded, 1 if nothing needs it, 2 for bad input, 3 if it is needed and missing.',
    )
    .action(async (library: string, entries: string[]) => {
      const options = optionValues(command, whyOptions);
      const roots = await openRoots(options, false);
      const resolve = resolver(roots.views, roots.options);
      const paths = entries.length > 0 ? await entryPaths(entries, roots) : [...programs(roots)];
      const closures = paths.map(path => resolve(path));
      const reasons = reasonsFor(closures, matcher(library, roots));
      const missing = missingReasons(closures, name => name === library || basename(name) === library);
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
      } else process.stderr.write(`flix: ${notNeeded(printable(library), closures)}\n`);
      if (missing.length > 0) process.exitCode = EXIT.missing;
      else if (reasons.length === 0) process.exitCode = EXIT.findings;
    });
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
