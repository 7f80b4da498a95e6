import path from 'node:path';
import type { Command } from 'commander';
import type { Progress } from '../io/progress.ts';
import { restorePlace } from '../io/publish.ts';
import { FlixError } from '../errors.ts';
import { printable } from '../printable.ts';
import { namedInSummary } from '../report/needs.ts';
import { planDocument, planText, vendorDocument, vendorText } from '../report/vendor.ts';
import { namedCodes } from '../plan/need-remarks.ts';
import { planOf, vendor, type Vendored } from '../vendor/vendor.ts';
import type { View } from '../view/view.ts';
import { createCommand } from './command.ts';
import { describeElsewhere } from './help.ts';
import { withHosts } from './host-view.ts';
import { contradiction, jsonText, messagesOf, terminalStyle, writeResult } from './output.ts';
import {
  imageOptions,
  vendorArguments,
  vendorGroups,
  type VendorOptions,
  vendorOptions,
} from './option-table.ts';
import { addGroups, optionValues, type Recipe, whereGiven } from './options.ts';
import { DEFAULT_RECIPE, readRecipe } from './recipe-file.ts';
import { perHostDocument, perHostText } from '../report/per-host.ts';
import { choosePerHost, readShare, treesOf } from '../vendor/per-host.ts';
import { publishProof } from '../vendor/proof.ts';
import { directoryView } from '../view/directory.ts';
import { readOsRelease } from '../view/os-release.ts';
import { expectShortRun } from './short-run.ts';
import { type SourceNeeds, withStaged } from './staged-source.ts';
import { vendorRequest, type VendorRequest } from '../vendor/request.ts';
import { type Rounds, tryInRounds } from '../vendor/try-rounds.ts';
import { isUnfinished, splitWords } from '../systemd/exec-lines.ts';
import { trialEnvironment } from '../trial/run-trial.ts';
import type { PackedImage } from '../pack/image.ts';
import type { ImageSettings } from './image-request.ts';

export function vendorCommand(): Command {
  const command = createCommand('vendor')
    .description(
      'Makes the programs of a root self-contained: finds what they load as their own loader would, copies what is ' +
        'missing into a private directory, binds the programs to it, and proves the result.\n\n' +
        'A root with an os-release is a whole root: name what to take from it; the result is a new tree. Any other root ' +
        'is the tree of a “make install DESTDIR=…”: all of its programs are completed, in place.',
    )
    .argument(vendorArguments.root.flags, vendorArguments.root.help)
    .argument(vendorArguments.paths.flags, vendorArguments.paths.help);
  addGroups(command, vendorGroups);
  return describeElsewhere(
    command,
    Object.keys(imageOptions),
    'With --pack, also all image options of “flix pack” (flix help pack).',
  )
    .addHelpText(
      'after',
      `
Examples:
  flix vendor ./debian-root /usr/bin/btop --pack
  flix vendor ./debian-root /usr/bin/vim --mode flatwrap --trim --include /usr/share/vim
  flix vendor ./rootfs --name myapp --staging ./debian-root

A recipe (flix.json) may hold root, paths and options; the command line takes precedence.`,
    )
    .action(async (root: string | undefined, paths: string[]) => {
      const chosen = chosenRecipe(command);
      const named = mergeRecipe(command, chosen, root, paths);
      const { options } = named;
      const messages = messagesOf(options);
      const used = usedKeys(command, chosen.recipe, root, paths);
      if (used.length > 0) messages.message(`using ${chosen.file}: ${used.join(', ')}`);
      // checked first, so that a bad image option does not come to light after the tree is made
      const settings = options.pack
        ? (await import('./image-request.ts')).imageSettings(options, 'sysext')
        : undefined;
      if (!options.dryRun) await restorePlace(named.root, messages);
      await withHosts(options.host, hosts =>
        withSources(
          named.root,
          options,
          chosen.recipe['stage'] as SourceNeeds['stage'],
          messages,
          (opened, values) =>
            run({ root: opened, paths: named.paths, options: values }, hosts, settings, messages),
        ),
      );
    });
}

/** Stages the sources among the roots for as long as `use` runs. */
async function withSources(
  root: string,
  options: VendorOptions,
  stage: SourceNeeds['stage'],
  messages: Progress,
  use: (root: string, options: VendorOptions) => Promise<void>,
): Promise<void> {
  const { staging, tryHost } = options;
  await withStaged(
    [root, ...staging, ...(tryHost === undefined ? [] : [tryHost])],
    ([first, ...others]) => {
      if (first !== root && options.out === undefined && options.package.length === 0)
        refuseInPlace(root, directoryView(first!));
      return use(first!, {
        ...options,
        staging: others.slice(0, staging.length),
        ...(tryHost !== undefined && { tryHost: others.at(-1)! }),
      });
    },
    { include: options.package, arch: options.arch, stage },
    messages,
  );
}

/** Refuses a DESTDIR tree from a source without a place for the result, which would be lost with the staged root. */
function refuseInPlace(source: string, view: View): void {
  if (readOsRelease(view) !== undefined) return;
  throw new FlixError(
    'input',
    'usage',
    `${source} has no os-release, so it counts as the tree of a “make install DESTDIR=…”, which would be completed in place`,
    'Say where to write the result with --out.',
  );
}

/** Vendors, and reports what was made. @param hosts those of `--host` */
async function run(
  named: VendorArguments,
  hosts: readonly View[],
  settings: ImageSettings | undefined,
  messages: Progress,
): Promise<void> {
  const { options } = named;
  expectShortRun();
  if (options.perHost !== undefined) {
    await runPerHost(named, options.perHost, hosts, settings, messages);
    return;
  }
  const request = await vendorRequest(named.root, named.paths, { ...options, hosts });
  reportRequest(request, options, messages);
  if (options.try === undefined ? options.tryHost !== undefined : options.dryRun || options.try.trim() === '')
    throw new FlixError(
      'input',
      'usage',
      '--try needs a command and a tree to run it in, and --try-host needs --try',
      "flix vendor … --try '/usr/bin/PROGRAM ARGUMENT…'",
    );
  if (options.dryRun) {
    const plan = planOf(request);
    if (options.json) writeResult(jsonText(planDocument(plan, request.out)));
    else if (!options.quiet) writeResult(planText(plan, request.plan.needs, request.out));
    return;
  }
  const { vendored, rounds } = await vendorAndTry(named, { ...options, hosts }, request, messages);
  const image = await finishTree(vendored, options, settings, messages);
  if (options.json) writeResult(jsonText(vendorDocument(vendored, image, rounds)));
  else if (!options.quiet)
    writeResult(vendorText(vendored, image, request.plan.needs, terminalStyle(), rounds));
}

/** Makes one tree for all hosts, or one for each of their releases. @param share the value of `--per-host` */
async function runPerHost(
  { root, paths, options }: VendorArguments,
  share: string,
  hosts: readonly View[],
  settings: ImageSettings | undefined,
  messages: Progress,
): Promise<void> {
  for (const [flag, value] of [
    ['-o', options.output],
    ['--try', options.try],
    ['--try-host', options.tryHost],
  ])
    if (value !== undefined) throw contradiction('--per-host', `${flag}, which is for one tree`);
  const perHost = await choosePerHost(hosts, readShare(share), (some, out = options.out) =>
    vendorRequest(root, paths, { ...options, hosts: some, ...(out !== undefined && { out }) }),
  );
  const trees = treesOf(perHost);
  reportRequest(trees[0]!.request, options, messages);
  const documents: object[] = [];
  const texts = [perHostText(perHost)];
  for (const { request, plan } of trees)
    if (options.dryRun) {
      documents.push(planDocument(plan, request.out));
      texts.push(planText(plan, request.plan.needs, request.out));
    } else {
      const vendored = await vendor(request, { ...options, progress: messages, planned: plan });
      const image = await finishTree(vendored, options, settings, messages);
      documents.push(vendorDocument(vendored, image));
      texts.push(vendorText(vendored, image, request.plan.needs, terminalStyle()));
    }
  const document = { schema: 'flix.vendor-per-host/1', ...perHostDocument(perHost), trees: documents };
  if (options.json) writeResult(jsonText(document));
  else if (!options.quiet) writeResult(texts.join(''));
}

/** Prints where the name comes from, and what has no effect. */
function reportRequest(request: VendorRequest, options: VendorOptions, messages: Progress): void {
  if (options.name === undefined)
    messages.message(`${request.plan.name}: the name comes from ${request.nameFrom}`);
  const { unread } = request;
  if (unread)
    messages.message(
      printable(`${unread.message}; no file has a known package. ${unread.fix ?? ''}`.trimEnd()),
    );
  for (const pattern of request.unusedExcludes) messages.message(`--exclude ${pattern} matches nothing`);
}

/** Prints the remarks about a tree, and makes its image with --pack. */
async function finishTree(
  vendored: Vendored,
  options: VendorOptions,
  settings: ImageSettings | undefined,
  messages: Progress,
): Promise<PackedImage | undefined> {
  const { manifest, proofDocument } = vendored;
  const inSummary = namedInSummary(vendored.plan.needs);
  for (const { code, file, message, opened } of [...manifest.remarks, ...proofDocument.remarks])
    if (
      !namedCodes.has(code) &&
      !(code === 'opened-by-name' && opened !== undefined && inSummary.has(opened))
    )
      messages.message(printable(`${file}: ${message}`));
  const image = settings && (await packVendored(vendored, settings, options, messages));
  if (image && path.dirname(image.path) !== path.dirname(vendored.tree))
    await publishProof(proofDocument, path.dirname(image.path), messages);
  return image;
}

/** Vendors once, or with `--try` until the command misses nothing. Throws `FlixError`. */
async function vendorAndTry(
  { root, paths }: Omit<VendorArguments, 'options'>,
  options: VendorOptions & { readonly hosts: readonly View[] },
  request: VendorRequest,
  messages: Progress,
): Promise<{ vendored: Vendored; rounds: Rounds | undefined }> {
  const { try: line } = options;
  if (line === undefined)
    return { vendored: await vendor(request, { ...options, progress: messages }), rounds: undefined };
  const command = commandIn(line);
  const rounds = await tryInRounds({
    hosts: triedHosts(options, request),
    staging: request.stagingPlaces,
    network: false,
    environment: trialEnvironment(),
    command,
    build: async additions => {
      const { seen, dlopen } = additions;
      const isFirst = seen.length + dlopen.length === 0;
      if (!isFirst)
        messages.message(`the command missed ${[...seen, ...dlopen].join(', ')}: vendoring again`);
      const next = isFirst
        ? request
        : await vendorRequest(root, paths, {
            ...options,
            seen: [...options.seen, ...seen],
            dlopen: [...options.dlopen, ...dlopen],
          });
      return vendor(next, { ...options, progress: messages });
    },
  });
  return { vendored: rounds.vendored, rounds };
}

/**
 * Returns the roots over which the command of `--try` runs: that of `--try-host`, otherwise those of the hosts to which the
 * tree is bound; `undefined`: only the tree. Throws `FlixError` `no-host-root`.
 */
function triedHosts(
  { tryHost, hosts }: VendorOptions & { readonly hosts: readonly View[] },
  { mode }: VendorRequest,
): (string | undefined)[] {
  if (tryHost !== undefined || mode.mode !== 'host-bound') return [tryHost];
  const roots = hosts.flatMap(host => host.source('/').hostPath ?? []);
  if (roots.length > 0) return roots;
  throw new FlixError(
    'input',
    'no-host-root',
    'the command of --try needs the loader of a host, but --host names only profiles, which contain no files',
    'Add --try-host with the root of a host, or name its root or image with --host.',
  );
}

/** Reads the command of `--try`. Throws `FlixError` `bad-command`. */
function commandIn(line: string): string[] {
  if (!isUnfinished(line)) return splitWords(line);
  throw new FlixError(
    'input',
    'bad-command',
    `--try ${line}: a quote is not closed, or nothing follows the last backslash`,
    'Quote the command for the shell and each of its words for flix, as in --try \'sh -c "app --check"\'.',
  );
}

interface VendorArguments {
  readonly root: string;
  readonly paths: readonly string[];
  readonly options: VendorOptions;
}

interface ChosenRecipe {
  /** As messages call it. */
  readonly file: string;
  readonly recipe: Recipe;
}

/** Reads the recipe of `--config`, else that of the current directory; empty with `--no-config`. Throws `FlixError`. */
function chosenRecipe(command: Command): ChosenRecipe {
  const given = command.getOptionValue('config') as string | false | undefined;
  if (given === false) return { file: DEFAULT_RECIPE, recipe: {} };
  return { file: given ?? `./${DEFAULT_RECIPE}`, recipe: readRecipe(given) };
}

/** Returns the keys of the recipe that take effect: the command line takes precedence. */
function usedKeys(
  command: Command,
  recipe: Recipe,
  root: string | undefined,
  paths: readonly string[],
): string[] {
  return Object.keys(recipe).filter(key => {
    if (key === 'root') return root === undefined;
    if (key === 'paths') return paths.length === 0;
    return Object.hasOwn(vendorOptions, key) && whereGiven(command, recipe, key) === 'recipe';
  });
}

/** Completes the command line from the recipe. Throws `FlixError`. */
function mergeRecipe(
  command: Command,
  { file, recipe }: ChosenRecipe,
  root: string | undefined,
  paths: readonly string[],
): VendorArguments {
  const options = optionValues(command, vendorOptions, recipe);
  const place = root ?? (recipe['root'] as string | undefined);
  if (place === undefined)
    throw new FlixError(
      'input',
      'no-root',
      `no root is named, neither on the command line nor in ${file}`,
      'flix vendor ./rootfs',
    );
  if (!options.pack) refuseImageOptions(command, { file, recipe });
  const named = paths.length > 0 ? paths : ((recipe['paths'] as string[] | undefined) ?? []);
  return { root: place, paths: named, options };
}

/** Rejects options that describe the image where none is made. */
function refuseImageOptions(command: Command, { file, recipe }: ChosenRecipe): void {
  for (const [key, { flags }] of Object.entries({ output: vendorOptions.output, ...imageOptions })) {
    const where = whereGiven(command, recipe, key);
    const [flag] = flags.split(/,? /);
    if (where === undefined) continue;
    const isTyped = where === 'cli';
    const orTree = key === 'output' ? `, or name the tree with ${isTyped ? '--out' : '"out"'}` : '';
    throw new FlixError(
      'input',
      'usage',
      `${isTyped ? flag : `${file}: ${key}`} describes the image, but no image is made`,
      `Add --pack${isTyped ? '' : `, or "pack": true to ${file}`}${orTree}.`,
    );
  }
}

/** Makes the image of a tree that was just vendored. Throws `FlixError`. */
async function packVendored(
  { tree, plan }: Vendored,
  settings: ImageSettings,
  options: VendorOptions,
  messages: Progress,
): Promise<PackedImage> {
  const { force, output } = options;
  const [{ imageRequest }, { packTree }] = await Promise.all([
    import('./image-request.ts'),
    import('../pack/pack.ts'),
  ]);
  const request = imageRequest(settings, {
    tree,
    name: plan.name,
    force,
    progress: messages,
    ...(output !== undefined && { output }),
  });
  return packTree(tree, request);
}
