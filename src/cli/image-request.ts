import { sourceDateEpoch } from '../io/epoch.ts';
import type { Progress } from '../io/progress.ts';
import { parseKernel } from '../pack/kernel.ts';
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
  readonly type: ImageType;
  /** A root or a host profile. */
  readonly host?: string;
  readonly name?: string;
  readonly output?: string;
  readonly force: boolean;
  readonly progress: Progress;
}

/** Reads the image options, and the files that the image needs besides the tree. Throws `FlixError`. */
export function imageRequest(options: ImageOptions, job: PackJob): PackOptions {
  const { tree, type, host, name, output, force, progress } = job;
  const target = host === undefined ? undefined : hostRelease(host);
  const signer = openSigner(options, options.sign ?? false);
  const manifests = requireManifests(directoryView(tree, { versions: false, label: tree }));
  return {
    format: options.format,
    compress: options.compress,
    kernel: parseKernel(options.kernel),
    epoch: sourceDateEpoch(),
    type,
    verity: options.verity ?? false,
    release: releaseRequest(options, target, rulesOf(type)),
    anyName: options.anyName ?? false,
    force,
    progress,
    ...(target && { host: target }),
    ...(name !== undefined && { name }),
    ...(output !== undefined && { output }),
    ...(options.version !== undefined && { version: options.version }),
    ...(options.arch !== undefined && { architecture: options.arch }),
    ...(options.seed !== undefined && { seed: parseSeed(options.seed) }),
    ...(signer && { signer }),
    ...(manifests.length === 1 && { manifest: manifestPath(manifests[0]!) }),
    ...(options.fileContexts !== undefined && {
      labels: labelsOf(openFileContexts(options.fileContexts), originalPaths(manifests)),
    }),
  };
}

/** Returns a function from the path of a file in the tree to its path in the root from which it was copied. */
function originalPaths(manifests: readonly Manifest[]): (path: string) => string | undefined {
  const origins = new Map(
    manifests.flatMap(({ files }) => files.map(({ path, origin }) => [path, origin?.path] as const)),
  );
  return path => origins.get(path);
}
