import { type Command, Option } from 'commander';
import { progress } from '../io/progress.ts';
import { restorePlace } from '../io/publish.ts';
import { FlixError } from '../errors.ts';
import { printable } from '../printable.ts';
import { planDocument, planText, vendorDocument, vendorText } from '../report/vendor.ts';
import { collect, createCommand } from './command.ts';
import { terminalStyle } from './terminal.ts';
import { addImageOptions } from './image-options.ts';
import { readRecipe } from './recipe-file.ts';
import type { VendorOptions } from './vendor-options.ts';
import { checkPackOptions, packVendored } from './vendor-pack.ts';
import { planOf, vendor } from '../vendor/vendor.ts';
import { vendorRequest } from '../vendor/request.ts';
import { addWrapOptions } from './vendor-wrap.ts';

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
    .argument('[root]', 'a whole root (a container, a debootstrap, /) or a DESTDIR tree')
    .argument('[path...]', 'PATH or PATH:TARGET inside the root')
    .option('--name <name>', 'of the extension; decides the private directory and the image')
    .option('--out <dir>', 'where the tree goes (default: ./<name>, or in place for a DESTDIR tree)')
    .option(
      '--staging <dir>',
      'DESTDIR tree: where missing files come from; repeat for more (default: /)',
      collect,
      [],
    )
    .option('--prefix <path>', 'the private directory (default: /usr/local/<name>)')
    .option('--include <path>', 'bring this also: a file, a directory, a glob; repeat for more', collect)
    .option(
      '--exclude-lib <glob=reason>',
      'leave these libraries out, and say why; repeat for more',
      collect,
      [],
    )
    .option(
      '--dlopen <name>',
      'bring a library that is opened by name at run time; repeat for more',
      collect,
      [],
    )
    .addOption(
      new Option('--seal <how>', 'none: run paths only, as the first generation did')
        .choices(['auto', 'none'])
        .default('auto'),
    )
    .option('--hwcaps <level>', 'take libraries for a processor level such as x86-64-v3')
    .option('--strict', 'what only a plugin lacks is an error too')
    .option('--pack', 'make the image too')
    .option('-o, --output <file>', 'the image (default: <name>.raw beside the tree)')
    .option('--dry-run', 'say what would be done, and write nothing')
    .option('--force', 'replace what flix did not make')
    .option('--no-run', 'do not run the private loader to prove the tree')
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress and no remarks');
  return addImageOptions(addWrapOptions(plain))
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

interface Asked {
  readonly root: string;
  readonly paths: readonly string[];
  readonly options: VendorOptions;
}

const DEFAULTS = {
  staging: [],
  include: [],
  excludeLib: [],
  dlopen: [],
  mode: 'flix',
  bind: [],
  bindRo: [],
  strict: false,
  pack: false,
  json: false,
  quiet: false,
  dryRun: false,
  force: false,
} satisfies Partial<VendorOptions>;

/** What the command line leaves open, the recipe decides. */
function mergeRecipe(
  command: Command,
  recipe: Readonly<Record<string, unknown>>,
  root: string | undefined,
  paths: readonly string[],
): Asked {
  const options = { ...DEFAULTS, ...command.opts<VendorOptions>() } as Record<string, unknown>;
  for (const [key, value] of Object.entries(recipe))
    if (command.getOptionValueSource(key) !== 'cli') options[key] = value;
  const chosen = root ?? (recipe['root'] as string | undefined);
  if (chosen === undefined)
    throw new FlixError(
      'input',
      'no-root',
      'no root is named, on the command line or in flix.json',
      'flix vendor ./rootfs',
    );
  checkPackOptions(command, options as unknown as VendorOptions);
  const named = paths.length > 0 ? paths : ((recipe['paths'] as string[] | undefined) ?? []);
  return { root: chosen, paths: named, options: options as unknown as VendorOptions };
}
