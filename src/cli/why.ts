import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { reach } from '../resolve/reach.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { missingReasons, reasonsFor } from '../resolve/reasons.ts';
import { resolver } from '../resolve/resolve.ts';
import { whyDocument } from '../report/json-why.ts';
import { type Answer, whyText } from '../report/why.ts';
import { follow } from '../view/follow.ts';
import { basename } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import { createCommand } from './command.ts';
import { entryPath, programAt } from './entry.ts';
import { EXIT } from './exit.ts';
import { addRootOptions } from './root-options.ts';
import { insideRoot, openRoots, type RootArguments, type Roots } from './roots.ts';
import { terminalStyle } from './terminal.ts';

interface WhyArguments extends RootArguments {
  readonly json?: boolean;
  readonly size?: boolean;
}

/** As many chains as a screen holds, if nobody said which programs matter. */
const LIMIT = 10;

export function whyCommand(): Command {
  return addRootOptions(createCommand('why'))
    .description(
      'Shows which chain of dependencies brings in a library, or where it was looked for if it is missing.',
    )
    .option('--size', 'say what leaving it out would save: all that only it brings in')
    .option('--json', 'one JSON document')
    .argument('<library>', 'a soname, a file name, or a path inside the root')
    .argument('[entry...]', 'the programs to look at; default: every program of the root')
    .addHelpText(
      'after',
      '\nExit status: 0 it is loaded, 1 nothing needs it, 2 bad input, 3 it is needed and missing.',
    )
    .action(async (asked: string, entries: string[], options: WhyArguments) => {
      const roots = await openRoots(options, false);
      const resolve = resolver(roots.views, roots.options);
      const paths = entries.length > 0 ? entries.map(entry => entryPath(entry, roots)) : [...programs(roots)];
      const closures = paths.map(path => resolve(path));
      const reasons = reasonsFor(closures, target(asked, roots));
      const missing = missingReasons(closures, name => name === asked || basename(name) === asked);
      const answer: Answer = { asked, entries: closures.length, reasons, missing };
      if (options.json)
        process.stdout.write(`${JSON.stringify(whyDocument(answer, options.size === true), null, 2)}\n`);
      else if (reasons.length + missing.length > 0) {
        const format = {
          style: terminalStyle(),
          several: roots.all.length > 1,
          size: options.size === true,
          limit: entries.length > 0 ? Infinity : LIMIT,
        };
        process.stdout.write(`${whyText(answer, format)}\n`);
      } else process.stderr.write(`flix: ${nobody(asked, closures)}\n`);
      if (missing.length > 0) process.exitCode = EXIT.missing;
      else if (reasons.length === 0) process.exitCode = EXIT.findings;
    });
}

function* programs({ all: [{ view }] }: Roots): Generator<string> {
  for (const { path, kind } of walk(view, '/')) if (kind === 'file' && programAt(view, path)) yield path;
}

/** A name with a slash is a file, by whatever links it is reached; any other is a soname or a file name. */
function target(asked: string, { all: [{ directory }], views }: Roots): (object: LoadedObject) => boolean {
  if (!asked.includes('/'))
    return ({ names, path, real }) =>
      names.has(asked) || basename(path) === asked || basename(real) === asked;
  const path = insideRoot(asked, directory);
  const reals = new Map(views.map(view => [view, follow(view, path).path]));
  return object => object.path === path || reals.get(object.view) === object.real;
}

function nobody(asked: string, closures: readonly Closure[]): string {
  if (closures.length === 0)
    throw new FlixError('input', 'no-program', 'the root holds no program', 'Name the file to start from.');
  const names = new Set<string>();
  for (const { entry } of closures)
    for (const object of reach(entry).keys()) for (const name of object.names) names.add(name);
  const near = [...names].filter(name => !name.includes('/') && name.includes(basename(asked))).sort();
  const looked = closures.length === 1 ? closures[0]!.entry.path : `${closures.length} programs`;
  const fix =
    near.length > 0
      ? `Did you mean ${near.slice(0, 5).join(', ')}?`
      : 'A program may still load it at run time (dlopen): that is in no dynamic table.';
  return `nothing needs ${asked}: not among the dependencies of ${looked}\n  ${fix}`;
}
