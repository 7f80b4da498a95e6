import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { progress } from '../io/progress.ts';
import { checkFilePlace, publishBytes } from '../io/publish.ts';
import { standardError } from '../io/standard-error.ts';
import { traceDocument, traceText } from '../report/trace.ts';
import { trialEnvironment } from '../trial/run-trial.ts';
import { directoryView } from '../view/directory.ts';
import { planOfPaths } from '../vendor/plan-of-paths.ts';
import { traceRoot } from '../vendor/trace.ts';
import { createCommand } from './command.ts';
import { selectionOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues } from './options.ts';
import { diagnosticStyle, jsonText } from './output.ts';
import { insideRoot } from './roots.ts';
import { commandOptions, splitCommand, variables } from './trial-command.ts';

const USAGE = 'flix trace ROOT PATH… -- COMMAND [ARGUMENT…]';

const traceOptions = {
  include: selectionOptions.include,
  needs: selectionOptions.needs,
  ...commandOptions,
} as const satisfies OptionTable;

export function traceCommand(): Command {
  const command = createCommand('trace')
    .usage('[options] <root> <path...> -- <command> [argument...]')
    .description(
      'Runs a command in a root, on which nothing changes, and reports on standard error which files of the root it used ' +
        'that “flix vendor” with the same paths would not bring.',
    )
    .argument('<root>', 'a whole root')
    .argument('<path...>', 'what vendor would be told to take');
  return addOptions(command, traceOptions)
    .addHelpText(
      'after',
      `
Example:
  flix trace ./debian-root /usr/bin/git -- git -C /tmp init

Exit status: that of the command; 2 for bad input; 3 if the root cannot be used or the command cannot be
started.`,
    )
    .action(async (_root: string, _paths: string[]) => {
      const { places, words } = splitCommand(command.args, USAGE);
      const [root, ...paths] = places;
      if (root === undefined || paths.length === 0)
        throw new FlixError('input', 'usage', 'no path of the root is named', USAGE);
      const { report, include, needs, env, network } = optionValues(command, traceOptions);
      const messages = progress({ quiet: true });
      if (report !== undefined) await checkFilePlace(report, messages);
      const inside = paths.map(path => insideRoot(path, root));
      const { plan } = await planOfPaths(root, inside, { include, needs });
      const trace = await traceRoot(directoryView(root), plan, {
        host: root,
        network,
        environment: { ...trialEnvironment(), ...variables(env) },
        command: words,
      });
      const result = { command: words, vendor: [root, ...paths], trace };
      standardError().write(traceText(result, diagnosticStyle()));
      if (report !== undefined)
        await publishBytes(report, Buffer.from(jsonText(traceDocument(result))), messages);
      process.exitCode = trace.status;
    });
}
