import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { stagedDocument, stagedText } from '../report/staged.ts';
import { readSource, SOURCES } from '../stage/source.ts';
import { stage } from '../stage/stage.ts';
import { createCommand } from './command.ts';
import { distributionOptions, messageOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
import { jsonText, messagesOf, terminalStyle, writeResult } from './output.ts';

const stageOptions = {
  out: {
    flags: '-o, --out <dir>',
    type: 'path',
    help: 'where to write the root; an earlier staged root is replaced',
  },
  ...distributionOptions,
  arch: {
    flags: '--arch <architecture>',
    type: 'text',
    help: 'x86-64, arm64 … (default: that of this machine)',
  },
  force: {
    flags: '--force',
    type: 'switch',
    help: 'replace a directory that flix did not make',
    default: false,
  },
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
  ...messageOptions,
} as const satisfies OptionTable;

export function stageCommand(): Command {
  const command = createCommand('stage')
    .description(
      'Makes a staging root from distribution packages, a container image or an archive. Executes nothing of it, and ' +
        'needs neither root nor a container engine.',
    )
    .argument('<source>', SOURCES);
  return addOptions(command, stageOptions)
    .addHelpText(
      'after',
      `
Examples:
  flix stage debian:bookworm --include tilde -o ./root
  flix stage debian:trixie --include nginx --arch arm64 -o ./root-arm64
  docker export CONTAINER | flix stage tar:- -o ./root`,
    )
    .action(async (text: string) => {
      const options = optionValues(command, stageOptions);
      const source = readSource(text);
      if (!source)
        throw new FlixError('input', 'bad-source', `${text} is not a source`, `A source is ${SOURCES}.`);
      if (options.out === undefined)
        throw new FlixError(
          'input',
          'usage',
          'no directory for the root is named',
          `flix stage ${text} -o ./root`,
        );
      const messages = messagesOf(options);
      const include = options.include.flatMap(names => names.split(',')).filter(name => name !== '');
      const staged = await stage(
        source,
        options.out,
        { ...options, include },
        { ...options, progress: messages },
      );
      if (options.json) writeResult(jsonText(stagedDocument(options.out, staged)));
      else if (!options.quiet) writeResult(stagedText(options.out, staged, terminalStyle()));
    });
}
