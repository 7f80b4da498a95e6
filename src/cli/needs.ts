import type { Command } from 'commander';
import { asBuffer } from '../elf/bytes.ts';
import { FlixError } from '../errors.ts';
import type { Evidence } from '../needs/need.ts';
import { needsDocument, needsText } from '../report/needs.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { planOfPaths } from '../vendor/plan-of-paths.ts';
import { createCommand } from './command.ts';
import { selectionOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues, type OptionValues } from './options.ts';
import { jsonText, terminalStyle, writeResult } from './output.ts';
import { insideRoot, rootOptions } from './roots.ts';
import { expectShortRun } from './short-run.ts';
import { withStaged } from './staged-source.ts';

const needsOptions = {
  root: rootOptions.root,
  package: selectionOptions.package,
  include: selectionOptions.include,
  exclude: selectionOptions.exclude,
  needs: selectionOptions.needs,
  all: {
    flags: '--all',
    type: 'switch',
    help: 'also list candidates, and what every host provides',
    default: false,
  },
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
} as const satisfies OptionTable;

export function needsCommand(): Command {
  const command = createCommand('needs')
    .description(
      'Shows what programs need at run time beyond the libraries that their loader loads: modules, plugins, data, ' +
        'helper programs, interpreters. Reads files; runs nothing.',
    )
    .argument('[path...]', 'programs, scripts or directories, as paths inside the root');
  return addOptions(command, needsOptions)
    .addHelpText(
      'after',
      `
required:     without it, the program does not start or loses what it is for; “flix vendor” brings it
recommended:  a file of the program's own, or one that its libraries look for; --needs recommended brings it
suggested:    needed for some uses only; --needs suggested brings it
candidate:    a path in the program that exists, but that may be text for another purpose (--all)

Exit status: 0, or 3 if something required cannot be brought.`,
    )
    .action(async (paths: string[]) => {
      const options = optionValues(command, needsOptions);
      if (paths.length === 0 && options.package.length === 0)
        throw new FlixError(
          'input',
          'usage',
          'neither a path nor a package is named',
          'Name a program, or a package with --package.',
        );
      await withStaged([options.root], ([root]) => showNeeds(paths, { ...options, root: root! }), {
        include: options.package,
      });
    });
}

async function showNeeds(
  paths: readonly string[],
  options: OptionValues<typeof needsOptions>,
): Promise<void> {
  expectShortRun();
  const inside = paths.map(path => insideRoot(path, options.root));
  const { package: packages, include, exclude, needs: level } = options;
  const { plan, view } = await planOfPaths(options.root, inside, {
    package: packages,
    include,
    exclude,
    needs: level,
  });
  const { needs } = plan;
  const hidden = options.all ? [] : ['candidate', 'provided by every host'];
  const listed = needs.filter(
    ({ strength, verdict }) =>
      options.json || (verdict !== 'in the tree' && !hidden.includes(strength) && !hidden.includes(verdict)),
  );
  if (options.json) writeResult(jsonText(needsDocument(listed, evidence => offsetOf(evidence, view))));
  else writeResult(needsText(listed, terminalStyle()));
  const lacks = needs.some(
    ({ strength, because, verdict }) =>
      verdict === 'open' && strength === 'required' && because !== undefined,
  );
  if (lacks) process.exitCode = 3;
}

/** Returns where in its file the text of an evidence is; `undefined`: the evidence is no text of that file. */
function offsetOf({ kind, file, text }: Evidence, view: View): number | undefined {
  if (kind !== 'path' && kind !== 'soname' && kind !== 'beside' && kind !== 'note') return undefined;
  const bytes = readBytes(view, file);
  const at = bytes ? asBuffer(bytes).indexOf(text) : -1;
  return at < 0 ? undefined : at;
}
