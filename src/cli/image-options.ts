import { FlixError } from '../errors.ts';
import { sourceDateEpoch } from '../io/epoch.ts';
import type { Progress } from '../io/progress.ts';
import { parseKernel } from '../pack/kernel.ts';
import { labelsOf, openFileContexts } from '../pack/labels.ts';
import type { PackOptions } from '../pack/options.ts';
import { parseSeed } from '../pack/seed.ts';
import { openSigner } from '../pack/signer.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import type { ImageOptions } from './option-table.ts';
import { hostRelease, releaseRequest } from './release-request.ts';

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
export function imageRequest(flags: ImageOptions, request: ImageRequest): PackOptions {
  const { tree, type, host, name, output, force, progress } = request;
  const target = host === undefined ? undefined : hostRelease(host);
  const signer = openSigner(flags, flags.sign ?? false);
  const manifests = manifestsOf(directoryView(tree, { versions: false, label: tree }));
  return {
    format: flags.format,
    compress: flags.compress,
    kernel: parseKernel(flags.kernel),
    epoch: sourceDateEpoch(),
    type,
    verity: flags.verity ?? false,
    release: releaseRequest(flags, target, rulesOf(type)),
    anyName: flags.anyName ?? false,
    force,
    progress,
    ...(target && { host: target }),
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
