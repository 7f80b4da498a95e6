import { createHash } from 'node:crypto';
import { holdPlace } from '../io/publish.ts';
import { contentDigest, uuidOf } from './content.ts';
import { describeImage, type ImageDescription } from './describe.ts';
import type { PackedImage } from './image.ts';
import { makeImage } from './make.ts';
import type { PackOptions } from './options.ts';
import { publishImage } from './publish.ts';
import { toolbox } from './toolbox.ts';
import { fileCapabilities } from '../io/capabilities.ts';
import { printable } from '../printable.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/**
 * Makes an image of a tree and publishes it, together with the files that belong beside it and their lines in
 * SHA256SUMS. The same tree and the same versions of the tools give the same bytes. Throws `FlixError`.
 */
export async function packTree(tree: string, options: PackOptions): Promise<PackedImage> {
  const { format, compress, kernel, type, version, signer, anyName, labels, progress: say } = options;
  const description = describeImage(tree, options);
  const { view, output, name, architecture, release } = description;
  const written = release !== undefined && release.written !== 'kept';
  const tools = await toolbox(options, written, output);
  return holdPlace(output, say, async () => {
    say.step(`reading ${tree}`);
    const seed = options.seed ?? uuidOf(seedDigest(description, options));
    for (const warning of await droppedCapabilities(view)) say.message(warning);
    if (signer && !signer.deterministic)
      say.message('the image is not reproducible: its key is not an RSA key, so each signature is different');
    say.step(`packing ${tree} as ${format}`);
    const made = await makeImage(description, options, tools, seed);
    const published = await publishImage(description, options, made);
    say.done();
    return {
      name,
      type,
      version,
      architecture,
      path: output,
      format,
      compression: compress,
      kernel,
      ...published,
      uuid: tools.fileSystem && tools.fileSystem.kind !== 'squashfs' ? seed : undefined,
      rootHash: made.rootHash,
      certificate: made.rootHash === undefined ? undefined : signer?.fingerprint,
      release: release?.text,
      anyName,
      labelled: labels !== undefined,
      tools: tools.used,
    };
  });
}

/** A digest of the tree as it is in the image, with the release file that is written. */
function seedDigest({ view, release }: ImageDescription, { anyName }: PackOptions): string {
  const tree = contentDigest(view, 'sample');
  const written = release !== undefined && release.written !== 'kept';
  if (!written && !anyName) return tree;
  const more = [tree, `${anyName}`, written ? release.path : '', written ? release.text : ''];
  return createHash('sha256').update(more.join('\0')).digest('hex');
}

/** Warnings about programs whose file capabilities are left out of the image. */
async function droppedCapabilities(tree: View): Promise<string[]> {
  const paths = new Map<string, string>();
  for (const { path, kind } of walk(tree, '/')) {
    const { hostPath } = tree.source(path);
    if (kind === 'file' && hostPath !== undefined && (tree.stat(path).mode & 0o111) !== 0)
      paths.set(hostPath, path);
  }
  const found = await fileCapabilities([...paths.keys()]);
  return [...(found ?? [])].map(
    ([hostPath, capabilities]) =>
      `${printable(paths.get(hostPath)!)}: the image leaves out its capabilities (${capabilities}); a unit can grant them with AmbientCapabilities=`,
  );
}
