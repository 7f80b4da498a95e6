import type { Command } from 'commander';
import { progress } from '../io/progress.ts';
import { restorePlace } from '../io/publish.ts';
import { FlixError } from '../errors.ts';
import { printable } from '../printable.ts';
import { planDocument, planText, vendorDocument, vendorText } from '../report/vendor.ts';
import { createCommand } from './command.ts';
import { terminalStyle } from './terminal.ts';
import { imageOptions, vendorArguments, type VendorOptions, vendorOptions } from './option-table.ts';
import { addOptions, optionValues, type Recipe, whereGiven } from './options.ts';
import { readRecipe } from './recipe-file.ts';
import { packVendored } from './vendor-pack.ts';
import { planOf, vendor } from '../vendor/vendor.ts';
import { vendorRequest } from '../vendor/request.ts';

export function vendorCommand(): Command {
  const plain = createCommand('vendor')
    .description(
      'Makes the programs of a root self-contained: finds what they load as their own loader would, copies what is ' +
        'missing into a private directory, binds them to it, and proves the result.\n\n' +
        'A root with an os-release is a whole root: name the programs, directories and files to take from it; the ' +
        'result is a new tree. Any other root is a tree of make install DESTDIR=…: all of its programs are completed, ' +
        'in place.\n\n' +
        'With --mode flatwrap nothing is edited: the whole root, or what the programs load of it, lies in the private ' +
        'directory, and wrappers at the named places run the programs in a view that shows it as their /usr.',
    )
    .argument(vendorArguments.root.flags, vendorArguments.root.help)
    .argument(vendorArguments.paths.flags, vendorArguments.paths.help);
  return addOptions(plain, vendorOptions)
    .addHelpText(
      'after',
      '\nA file flix.json in the current directory may hold root, paths and options; the command line wins.',
    )
    .action(async (root: string | undefined, paths: string[], _: unknown, command: Command) => {
      const { options, ...asked } = mergeRecipe(command, readRecipe('flix.json'), root, paths);
      const say = progress({ quiet: options.quiet });
      if (!options.dryRun) await restorePlace(asked.root, say);
      const request = await vendorRequest(asked.root, asked.paths, options);
      if (options.name === undefined)
        say.message(`${request.plan.name}: the name comes from ${request.nameFrom}`);
      if (options.dryRun) {
        const plan = planOf(request);
        const planned = options.json
          ? `${JSON.stringify(planDocument(plan, request.out), undefined, 2)}\n`
          : planText(plan, request.out);
        process.stdout.write(planned);
        return;
      }
      const vendored = await vendor(request, { ...options, progress: say });
      for (const { file, message } of vendored.manifest.remarks)
        say.message(printable(`${file}: ${message}`));
      const image = options.pack ? await packVendored(vendored, options, say) : undefined;
      const text = options.json
        ? `${JSON.stringify(vendorDocument(vendored, image), undefined, 2)}\n`
        : vendorText(vendored, image, terminalStyle());
      process.stdout.write(text);
    });
}

interface VendorArguments {
  readonly root: string;
  readonly paths: readonly string[];
  readonly options: VendorOptions;
}

/** The command line, completed from the recipe. Throws `FlixError`. */
function mergeRecipe(
  command: Command,
  recipe: Recipe,
  root: string | undefined,
  paths: readonly string[],
): VendorArguments {
  const options = optionValues(command, vendorOptions, recipe);
  const chosen = root ?? (recipe['root'] as string | undefined);
  if (chosen === undefined)
    throw new FlixError(
      'input',
      'no-root',
      'no root is named, neither on the command line nor in flix.json',
      'flix vendor ./rootfs',
    );
  if (!options.pack) refuseImageOptions(command, recipe);
  const named = paths.length > 0 ? paths : ((recipe['paths'] as string[] | undefined) ?? []);
  return { root: chosen, paths: named, options };
}

/** Rejects options that describe the image where none is made. */
function refuseImageOptions(command: Command, recipe: Recipe): void {
  for (const [key, { flags }] of Object.entries({ output: vendorOptions.output, ...imageOptions })) {
    const where = whereGiven(command, recipe, key);
    const [flag] = flags.split(/,? /);
    if (where !== undefined)
      throw new FlixError(
        'input',
        'usage',
        `${where === 'cli' ? flag : `flix.json: ${key}`} describes the image, but no image is made`,
        `Add --pack${where === 'cli' ? '' : ', or "pack": true to flix.json'}.`,
      );
  }
}
