import path from 'node:path';
import type { FeedVersion } from '../audit/gate.ts';
import { hostArchitecture } from '../audit/architecture.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';
import { FlixError } from '../errors.ts';
import { imagesOf, sumsOf } from '../pack/feed/catalogue.ts';
import { feedFile } from '../pack/feed/names.ts';
import { kindAt, realPlace } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import { withTrees } from './audited-trees.ts';

/**
 * What a feed has of an extension for a host, the newest first. An image is opened when it is looked at.
 * Throws `FlixError` `no-feed`.
 */
export function feedVersions(directory: string, host: View): (extension: string) => FeedVersion[] {
  if (kindAt(realPlace(path.join(directory, 'SHA256SUMS'))) !== 'file')
    throw new FlixError(
      'input',
      'no-feed',
      `${directory} is no feed: it has no SHA256SUMS`,
      'flix pack --feed makes one.',
    );
  const sums = sumsOf(directory);
  const architecture = hostArchitecture(host);
  return extension =>
    imagesOf(sums, extension)
      .filter(image => architecture === undefined || image.architecture === architecture)
      .sort((a, b) => compareAsSystemd(b.version, a.version))
      .map(image => ({
        version: image.version,
        open: use => withTrees([path.join(directory, feedFile(image))], ([tree]) => use(tree!)),
      }));
}
