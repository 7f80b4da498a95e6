import { type Command, Option } from 'commander';
import { FlixError } from '../errors.ts';
import type { Closure } from '../resolve/closure.ts';
import { resolver } from '../resolve/resolve.ts';
import { closureLine } from '../report/closure-line.ts';
import { dot } from '../report/dot.ts';
import { treeDocument } from '../report/json-closure.ts';
import { mermaid } from '../report/mermaid.ts';
import { hasProblem } from '../report/problems.ts';
import { listingLine, treeText } from '../report/tree.ts';
import { objectAt } from '../view/object.ts';
import { walk } from '../view/walk.ts';
import { createCommand } from './command.ts';
import { entryPath } from './entry.ts';
import { EXIT } from './exit.ts';
import { openRoots, type RootArguments, type Roots } from './roots.ts';
import { addRootOptions } from './root-options.ts';
import { terminalStyle } from './terminal.ts';

interface TreeArguments extends RootArguments {
  readonly all?: boolean;
  readonly ndjson?: boolean;
  readonly json?: boolean;
  readonly format: 'text' | 'json' | 'dot' | 'mermaid';
}

export function treeCommand(): Command {
  return addRootOptions(createCommand('tree'))
    .description(
      'Shows what a program loads, from where, and why, as its own loader would find it. Runs nothing.',
    )
    .addOption(
      new Option('--format <format>', 'how to show it')
        .choices(['text', 'json', 'dot', 'mermaid'])
        .default('text'),
    )
    .option('--json', 'the same as --format json')
    .option('--all', 'one line for every dynamic ELF file of the root')
    .option('--ndjson', 'with --all: each line is a JSON document')
    .argument('[path...]', 'programs or libraries, as paths inside the root')
    .addHelpText(
      'after',
      '\nExit status: 0 everything was found (always with --all), 2 bad input, 3 something is missing.',
    )
    .action((paths: string[], options: TreeArguments) => {
      if (options.all) return list(paths, options);
      if (options.ndjson)
        throw new FlixError('input', 'usage', '--ndjson needs --all', 'For named paths there is --json.');
      if (paths.length === 0)
        throw new FlixError(
          'input',
          'usage',
          'no path is named',
          'Name a program, or list every ELF file of the root with --all.',
        );
      return show(paths, options);
    });
}

async function show(paths: readonly string[], options: TreeArguments): Promise<void> {
  const roots = await openRoots(options);
  const resolve = resolver(roots.views, roots.options);
  const closures = paths.map(path => resolve(entryPath(path, roots)));
  process.stdout.write(render(closures, options.json ? 'json' : options.format, roots));
  if (closures.some(hasProblem)) process.exitCode = EXIT.missing;
}

function render(closures: readonly Closure[], format: TreeArguments['format'], { all }: Roots): string {
  if (format === 'text') {
    const text = { style: terminalStyle(), several: all.length > 1 };
    return `${closures.map(closure => treeText(closure, text)).join('\n\n')}\n`;
  }
  const document = treeDocument(closures);
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  return format === 'dot' ? dot(document.trees) : mermaid(document.trees);
}

async function list(paths: readonly string[], options: TreeArguments): Promise<void> {
  if (paths.length > 0)
    throw new FlixError(
      'input',
      'usage',
      '--all lists every file of the root, so no path can be named with it',
    );
  if (options.json || options.format !== 'text')
    throw new FlixError(
      'input',
      'usage',
      '--all writes lines',
      'One JSON document for each file: --all --ndjson.',
    );
  const { expectShortRun } = await import('./short-run.ts'); // 4 ms that one program alone does not pay
  expectShortRun();
  const roots = await openRoots(options, false);
  const [{ view }] = roots.all;
  const resolve = resolver(roots.views, roots.options);
  const line = options.ndjson ? (closure: Closure) => JSON.stringify(closureLine(closure)) : listingLine;
  const lines: string[] = [];
  for (const { path, kind } of walk(view, '/'))
    if (kind === 'file' && objectAt(view, path, kind).facts?.dynamic) lines.push(`${line(resolve(path))}\n`);
  process.stdout.write(lines.join(''));
}
