import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import type { PackedImage } from '../pack/image.ts';
import { packTree } from '../pack/pack.ts';
import type { Vendored } from '../report/vendor.ts';
import { imageOptionNames, imageRequest } from './image-options.ts';
import type { VendorOptions } from './vendor-options.ts';

/** What was said of an image, and none is made: that is a slip. Throws `FlixError` `usage`. */
export function checkPackOptions(command: Command, options: Pick<VendorOptions, 'pack' | 'output'>): void {
  if (options.pack) return;
  if (options.output !== undefined)
    throw new FlixError(
      'input',
      'usage',
      '-o names the image, and only --pack makes one',
      'Add --pack, or name the tree with --out.',
    );
  const [first] = imageOptionNames(command);
  if (first !== undefined)
    throw new FlixError(
      'input',
      'usage',
      `${first} is about the image, and only --pack makes one`,
      'Add --pack.',
    );
}

/** Packs a tree as it was vendored. Throws `FlixError`. */
export function packVendored(
  { tree, plan }: Vendored,
  options: VendorOptions,
  say: Progress,
): Promise<PackedImage> {
  const { force, output } = options;
  const request = imageRequest(options, {
    tree,
    type: 'sysext',
    name: plan.name,
    force,
    progress: say,
    ...(output !== undefined && { output }),
  });
  return packTree(tree, request);
}
