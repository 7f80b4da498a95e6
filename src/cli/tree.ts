import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import type { Closure } from '../resolve/closure.ts';
import { resolver } from '../resolve/resolve.ts';
import { dot, mermaid } from '../report/graph.ts';
import { closureLine, treeDocument } from '../report/json-closure.ts';
import { hasProblem } from '../report/problems.ts';
import { listingLine, treeText } from '../report/tree.ts';
import { objectAt } from '../view/object.ts';
import { walk } from '../view/walk.ts';
import { createCommand } from './command.ts';
import { entryPaths } from './entry.ts';
import { EXIT } from './exit.ts';
import { addOptions, type OptionTable, optionValues, type OptionValues } from './options.ts';
import { jsonText, refuseTwoFormats, terminalStyle, writeResult } from './output.ts';
import { openRoots, rootOptions, type Roots, withRoots } from './roots.ts';

const treeOptions = {
  ...rootOptions,
  format: {
    flags: '--format <format>',
    type: 'text',
    choices: ['text', 'json', 'dot', 'mermaid'],
    help: 'output format',
    default: 'text',
  },
  json: { flags: '--json', type: 'switch', help: 'the same as --format json', default: false },
  all: {
    flags: '--all',
    type: 'switch',
    help: 'print one line for every dynamic ELF file of the root',
    default: false,
  },
  ndjson: {
    flags: '--ndjson',
    type: 'switch',
    help: 'with --all: print each line as a JSON document',
    default: false,
  },
} as const satisfies OptionTable;

type TreeOptions = OptionValues<typeof treeOptions>;

export function treeCommand(): Command {
  const command = createCommand('tree')
    .description(
      'Shows what a program loads, from where, and why. Follows the rules of its loader; runs nothing.',
    )
    .argument('[path...]', 'programs or libraries, as paths or globs inside the root');
  return addOptions(command, treeOptions)
    .addHelpText(
      'after',
      '\nExit status: 0 if everything was found (always with --all), 2 for bad input, 3 if something is missing.',
    )
    .action(async (paths: string[]) => {
      const options = optionValues(command, treeOptions);
      refuseTwoFormats(command, options);
      if (options.all) return withRoots(options, opened => listRoot(paths, opened));
      if (options.ndjson)
        throw new FlixError('input', 'usage', '--ndjson needs --all', 'Use --json for named paths.');
      if (paths.length === 0)
        throw new FlixError(
          'input',
          'usage',
          'no path is named',
          'Name a program, or list every ELF file of the root with --all.',
        );
      return withRoots(options, opened => showTrees(paths, opened));
    });
}

async function showTrees(paths: readonly string[], options: TreeOptions): Promise<void> {
  const roots = await openRoots(options);
  const resolve = resolver(roots.views, roots.options);
  const closures = (await entryPaths(paths, roots)).map(path => resolve(path));
  writeResult(treesText(closures, options.json ? 'json' : options.format, roots));
  if (closures.some(hasProblem)) process.exitCode = EXIT.missing;
}

function treesText(closures: readonly Closure[], format: TreeOptions['format'], { all }: Roots): string {
  if (format === 'text') {
    const text = { style: terminalStyle(), several: all.length > 1 };
    return `${closures.map(closure => treeText(closure, text)).join('\n\n')}\n`;
  }
  const document = treeDocument(closures);
  if (format === 'json') return jsonText(document);
  return format === 'dot' ? dot(document.trees) : mermaid(document.trees);
}

async function listRoot(paths: readonly string[], options: TreeOptions): Promise<void> {
  if (paths.length > 0)
    throw new FlixError(
      'input',
      'usage',
      '--all lists every file of the root and takes no paths',
      'Remove the paths, or remove --all.',
    );
  if (options.json || options.format !== 'text')
    throw new FlixError(
      'input',
      'usage',
      '--all prints lines, not a document',
      'Use --all --ndjson for one JSON document on each line.',
    );
  const { expectShortRun } = await import('./short-run.ts'); // takes 4 ms, which a single program need not pay
  expectShortRun();
  const roots = await openRoots(options, false);
  const [{ view }] = roots.all;
  const resolve = resolver(roots.views, roots.options);
  const line = options.ndjson ? (closure: Closure) => JSON.stringify(closureLine(closure)) : listingLine;
  const lines: string[] = [];
  for (const { path, kind } of walk(view, '/'))
    if (kind === 'file' && objectAt(view, path, kind).facts?.dynamic) lines.push(`${line(resolve(path))}\n`);
  writeResult(lines.join(''));
}
