import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import type { Progress } from '../io/progress.ts';
import { holdPlace, publishFile, temporaryBeside } from '../io/publish.ts';
import { directoryView } from '../view/directory.ts';
import { releaseNames } from '../view/extension-release.ts';
import type { View } from '../view/view.ts';
import { droppedCapabilities } from './capabilities.ts';
import { contentDigest, uuidOf } from './content.ts';
import { type Compression, type Format, makers } from './format.ts';
import type { PackedImage } from './image.ts';
import { makeImage } from './make.ts';
import { checkImageName, imageNameOf } from './name.ts';
import { isListed, recordSum } from './sums-file.ts';
import { checkHierarchies, checkRelease } from './tree.ts';

export interface PackOptions {
  readonly format: Format;
  readonly compress: Compression;
  /** Seconds; see `sourceDateEpoch`. */
  readonly epoch: number;
  /** Of the extension. Default: that of `output`, else that of the only release file in the tree. */
  readonly name?: string;
  /** Default: `<name>.raw` in the directory that holds the tree. */
  readonly output?: string;
  /** Replace a file that is not known to come from flix. */
  readonly force: boolean;
  readonly progress: Progress;
}

/**
 * Makes an image of a tree, beside its place, and puts it there with its line in SHA256SUMS. The same tree gives the
 * same bytes wherever and whenever it is packed by one version of the tool. Throws `FlixError`.
 */
export async function packTree(tree: string, options: PackOptions): Promise<PackedImage> {
  const { format, compress, epoch, progress: say } = options;
  const view = directoryView(tree, { label: tree });
  checkHierarchies(view);
  const name = options.name ?? nameFor(view, options.output);
  checkImageName(name);
  checkRelease(view, name);
  const root = fs.realpathSync(tree);
  const output = path.resolve(options.output ?? path.join(root, '..', `${name}.raw`));
  checkOutput(output, root, name, say);
  const { tool } = makers[format];
  const { version } = await requireTool(tool);
  return holdPlace(output, say, async () => {
    const replaceable = options.force || !fs.existsSync(output) || (await isListed(output));
    say.step(`reading ${tree}`);
    const uuid = uuidOf(contentDigest(view));
    for (const dropped of await droppedCapabilities(view)) say.message(dropped);
    const temporary = await temporaryBeside(output, 'file');
    say.step(`packing ${tree} as ${format}`);
    await makeImage(format, { tree: root, output: temporary, compress, epoch, uuid, version });
    const sha256 = await fileDigest(temporary);
    // a run that was killed before it wrote SHA256SUMS left the very same image: that one is ours
    if (!replaceable && (await fileDigest(output)) !== sha256) throw notOurs(output);
    const { size } = fs.statSync(temporary);
    // the image first: a digest of an image that is not there yet would be the worse half
    await publishFile(temporary, output);
    await recordSum(output, sha256, say);
    say.done();
    return {
      name,
      path: output,
      format,
      compression: compress,
      size,
      sha256,
      uuid: format === 'erofs' ? uuid : undefined,
      tool: { name: tool, version },
    };
  });
}

function nameFor(tree: View, output: string | undefined): string {
  if (output !== undefined) return imageNameOf(path.basename(output));
  const names = releaseNames(tree);
  if (names.length === 1) return names[0]!;
  const found = names.length === 0 ? 'it has no extension-release file' : `it could be ${names.join(', ')}`;
  throw new FlixError(
    'input',
    'no-name',
    `${tree.label}: the extension has no name: ${found}`,
    'give one with --name',
  );
}

function checkOutput(output: string, root: string, name: string, say: Progress): void {
  const parent = path.dirname(output);
  const stat = fs.statSync(parent, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new FlixError('io', 'no-directory', `${parent} is no directory: the image cannot be written there`);
  const file = path.basename(output);
  checkImageName(imageNameOf(file));
  if (fs.statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw new FlixError('input', 'directory-in-place', `${output} is a directory`, 'name a file with -o');
  if (`${fs.realpathSync(parent)}/`.startsWith(`${root}/`))
    throw new FlixError(
      'input',
      'output-in-tree',
      `${output} lies in the tree: the image would hold itself`,
      'name another place with -o',
    );
  if (file !== `${name}.raw`)
    say.message(`${file}: systemd uses the image only where it is activated as ${name}.raw`);
}

function notOurs(output: string): FlixError {
  return new FlixError(
    'input',
    'not-ours',
    `${output} is there already and has no line in SHA256SUMS, so it may not be an earlier result of flix`,
    '--force replaces it',
  );
}

async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(fs.createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}
