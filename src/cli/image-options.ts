import { Command, Option } from 'commander';
import { FlixError } from '../errors.ts';
import { sourceDateEpoch } from '../io/epoch.ts';
import type { Progress } from '../io/progress.ts';
import { type Compression, compressions, type Format, formats } from '../pack/format.ts';
import { DEFAULT_KERNEL, parseKernel } from '../pack/kernel.ts';
import { labelsOf, openFileContexts } from '../pack/labels.ts';
import type { PackOptions } from '../pack/options.ts';
import { parseSeed } from '../pack/seed.ts';
import { openSigner } from '../pack/signer.ts';
import { type ImageType, type Scope, scopes } from '../systemd/image-type.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import { collect } from './command.ts';
import { releaseJudge, releaseWish } from './release-wish.ts';

/** What both `pack` and `vendor --pack` are told about the image, as commander gives it. */
export interface ImageFlags {
  readonly format: Format;
  readonly compress: Compression;
  readonly kernel: string;
  readonly version?: string;
  readonly arch?: string;
  readonly verity?: boolean;
  readonly sign?: boolean;
  readonly key?: string;
  readonly certificate?: string;
  readonly keySource?: string;
  readonly seed?: string;
  readonly osId?: string;
  readonly osVersionId?: string;
  readonly sysextLevel?: string;
  readonly scope?: readonly Scope[];
  readonly reloadManager?: boolean;
  readonly anyName?: boolean;
  readonly fileContexts?: string;
}

export function addImageOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'of the image').choices(formats).default('ddi'))
    .addOption(new Option('--compress <how>', 'how hard to try').choices(compressions).default('small'))
    .option('--kernel <version>', 'the oldest Linux that has to read the image', DEFAULT_KERNEL)
    .option('--version <version>', 'of the image; the default file name says it')
    .option('--arch <architecture>', 'x86-64, arm64 … (default: that of the programs)')
    .option('--verity', 'a hash tree for an image that is no DDI: <name>.verity (a DDI always has one)')
    .option('--sign', 'make no image without a signature')
    .option('--key <file>', 'signs the root hash: a private key, in PEM form')
    .option('--certificate <file>', 'of that key, in PEM form; hosts get it too')
    .option('--key-source <source>', 'provider:NAME or engine:NAME; --key then names a key there')
    .option('--seed <uuid>', 'all UUIDs are derived from it (default: from the content)')
    .option(
      '--os-id <id>',
      'the extension fits hosts with this ID= only (default: as the tree says, else _any)',
    )
    .option('--os-version-id <version>', 'and with this VERSION_ID=')
    .option('--sysext-level <level>', 'and with this SYSEXT_LEVEL= (CONFEXT_LEVEL=)')
    .addOption(
      new Option('--scope <scope>', 'where it may be merged; repeat for more').argParser(
        (value: string, before: readonly string[] | undefined) => collect(oneScope(value), before),
      ),
    )
    .option('--reload-manager', 'systemd reads unit files again once it is merged')
    .option('--any-name', 'the extension counts whatever the image is called on the host')
    .option(
      '--file-contexts <file>',
      'SELinux labels of the target: its file_contexts, or the root of a host',
    );
}

/** The options of an image that stand on the command line. */
export function imageOptionNames(command: Command): string[] {
  const known = addImageOptions(new Command()).options;
  return known
    .filter(option => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map(({ long }) => long ?? '');
}

function oneScope(value: string): string {
  if ((scopes as readonly string[]).includes(value)) return value;
  throw new FlixError('input', 'usage', `--scope ${value} is none`, `there are ${scopes.join(', ')}`);
}

interface ImageRequest {
  readonly tree: string;
  readonly type: ImageType;
  readonly host?: string;
  readonly name?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly progress: Progress;
}

/** Reads what the image shall be, and the files that it takes besides the tree. Throws `FlixError`. */
export function imageRequest(flags: ImageFlags, request: ImageRequest): PackOptions {
  const { tree, type, host, name, output, force, progress } = request;
  const signer = openSigner(flags, flags.sign ?? false);
  const manifests = manifestsOf(directoryView(tree, { versions: false, label: tree }));
  return {
    format: flags.format,
    compress: flags.compress,
    kernel: parseKernel(flags.kernel),
    epoch: sourceDateEpoch(),
    type,
    verity: flags.verity ?? false,
    release: releaseWish(flags, host, type),
    anyName: flags.anyName ?? false,
    force,
    progress,
    ...(type !== 'portable' && { judge: releaseJudge(type, host) }),
    ...(name !== undefined && { name }),
    ...(output !== undefined && { output }),
    ...(flags.version !== undefined && { version: flags.version }),
    ...(flags.arch !== undefined && { architecture: flags.arch }),
    ...(flags.seed !== undefined && { seed: parseSeed(flags.seed) }),
    ...(signer && { signer }),
    ...(manifests.length === 1 && { manifest: manifestPath(manifests[0]!) }),
    ...(flags.fileContexts !== undefined && {
      labels: labelsOf(openFileContexts(flags.fileContexts), originalPaths(manifests)),
    }),
  };
}

/** What is packed beside the image, and tells where files come from, is not left out without a word. */
function manifestsOf(tree: View): ReturnType<typeof manifestsIn> {
  const [unreadable] = unreadableManifestsIn(tree);
  if (!unreadable) return manifestsIn(tree);
  const { path, kind, message } = unreadable;
  throw new FlixError(
    'input',
    'unreadable-manifest',
    `${path} of ${tree.label} ${message}`,
    `${kind === 'newer schema' ? 'upgrade flix' : 'vendor again'}, or remove it to pack the tree without one`,
  );
}

/** Where a file was in the root from which it was taken, by its path in the tree. */
function originalPaths(manifests: ReturnType<typeof manifestsIn>): (path: string) => string | undefined {
  const origins = new Map(
    manifests.flatMap(({ files }) => files.map(({ path, origin }) => [path, origin?.path] as const)),
  );
  return path => origins.get(path);
}
