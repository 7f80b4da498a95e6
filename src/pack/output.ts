import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import type { Format } from './format.ts';
import { checkImageName, imageNameOf } from '../systemd/image-name.ts';

/** Refuses a place that cannot be meant. Throws `FlixError`. */
export function checkOutput(output: string, root: string, format: Format): void {
  const parent = path.dirname(output);
  const stat = fs.statSync(parent, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new FlixError('io', 'no-directory', `${parent} is no directory: the image cannot be written there`);
  checkImageName(imageNameOf(path.basename(output)));
  const real = fs.existsSync(output)
    ? fs.realpathSync(output)
    : path.join(fs.realpathSync(parent), path.basename(output));
  if (real === root)
    throw new FlixError(
      'input',
      'output-is-tree',
      `${output} is the tree itself`,
      'name another place with -o',
    );
  if (real.startsWith(`${root}/`))
    throw new FlixError(
      'input',
      'output-in-tree',
      `${output} lies in the tree: the image would hold itself`,
      'name another place with -o',
    );
  if (root.startsWith(`${real}/`))
    throw new FlixError(
      'input',
      'output-holds-tree',
      `${output} holds the tree`,
      'name another place with -o',
    );
  if (format !== 'directory' && fs.statSync(output, { throwIfNoEntry: false })?.isDirectory())
    throw new FlixError('input', 'directory-in-place', `${output} is a directory`, 'name a file with -o');
}
