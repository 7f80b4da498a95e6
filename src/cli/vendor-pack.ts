import type { Progress } from '../io/progress.ts';
import type { PackedImage } from '../pack/image.ts';
import { packTree } from '../pack/pack.ts';
import type { Vendored } from '../report/vendor.ts';
import { imageRequest } from './image-options.ts';
import type { VendorOptions } from './option-table.ts';

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
