import { FlixError } from '../errors.ts';
import { sourceDateEpoch } from '../io/epoch.ts';
import type { Progress } from '../io/progress.ts';
import { parseKernel } from '../pack/kernel.ts';
import { bindingLines, bindingToRelease } from '../systemd/decision.ts';
import type { LabelOf } from '../systemd/file-contexts.ts';
import { labelsOf, openFileContexts } from '../pack/labels.ts';
import type { PackOptions } from '../pack/options.ts';
import { parseSeed } from '../pack/seed.ts';
import { openSigner } from '../pack/signer.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';
import { requireManifests } from '../manifest/manifests-in.ts';
import { type Manifest, manifestPath } from '../manifest/manifest.ts';
import { directoryView } from '../view/directory.ts';
import type { ImageOptions } from './option-table.ts';
import { hostRelease, releaseRequest } from './release-request.ts';

interface PackJob {
  /** A directory. */
  readonly tree: string;
  readonly name?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly progress: Progress;
}

/** The image options after all checks that need no tree. */
export interface ImageSettings {
  readonly contexts: LabelOf | undefined;
  readonly options: Omit<PackOptions, 'progress' | 'force'>;
}

/** Reads the image options, and the files that they name. Throws `FlixError`. */
export function imageSettings(options: ImageOptions, type: ImageType, host?: string): ImageSettings {
  const target = host === undefined ? undefined : hostRelease(host);
  const signer = openSigner(options, options.sign ?? false);
  return {
    contexts: options.fileContexts === undefined ? undefined : openFileContexts(options.fileContexts),
    options: {
      format: options.format,
      compress: options.compress,
      kernel: parseKernel(options.kernel),
      epoch: sourceDateEpoch(),
      type,
      verity: options.verity ?? false,
      release: releaseRequest(options, target, rulesOf(type)),
      anyName: options.anyName ?? false,
      ...(target && { host: target }),
      ...(options.version !== undefined && { version: options.version }),
      ...(options.arch !== undefined && { architecture: options.arch }),
      ...(options.seed !== undefined && { seed: parseSeed(options.seed) }),
      ...(signer && { signer }),
    },
  };
}

/** Completes the image options by what depends on the tree. Throws `FlixError`. */
export function imageRequest({ options, contexts }: ImageSettings, job: PackJob): PackOptions {
  const { tree, name, output, force, progress } = job;
  const manifests = requireManifests(directoryView(tree, { versions: false, label: tree }));
  return {
    ...options,
    release: releaseOfTree(options, tree, manifests),
    force,
    progress,
    ...(name !== undefined && { name }),
    ...(output !== undefined && { output }),
    ...(manifests.length === 1 && { manifest: manifestPath(manifests[0]!) }),
    ...(contexts && { labels: labelsOf(contexts, originalPaths(manifests)) }),
  };
}

/**
 * Returns what the release file must contain. A tree that “flix vendor --per-host” made for one release is bound to this
 * release only, even if `--host` has a SYSEXT_LEVEL, which other releases may share. Throws `FlixError` `claim-differs` if
 * `--host` is of another release.
 */
function releaseOfTree(
  { release, host, type }: ImageSettings['options'],
  tree: string,
  manifests: readonly Manifest[],
): PackOptions['release'] {
  const rules = rulesOf(type);
  const bound = manifests.find(manifest => manifest.host?.perHost === 'one release')?.host;
  if (!bound || !host || !rules) return release;
  const binding = bindingToRelease(host, rules);
  const claim = bindingLines(binding, rules).join(' ');
  if (claim !== bound.claim)
    throw new FlixError(
      'input',
      'claim-differs',
      `${tree} was made for hosts with ${bound.claim} alone, but --host has ${claim}`,
      'Pack the tree of this release; flix vendor … --host HOST --per-host makes one.',
    );
  const { id: _, versionId: __, level: ___, ...others } = release;
  return { ...others, ...binding };
}

/** Returns a function from the path of a file in the tree to its path in the root from which it was copied. */
function originalPaths(manifests: readonly Manifest[]): (path: string) => string | undefined {
  const origins = new Map(
    manifests.flatMap(({ files }) => files.map(({ path, origin }) => [path, origin?.path] as const)),
  );
  return path => origins.get(path);
}
