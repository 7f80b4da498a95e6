import { FlixError } from '../../errors.ts';
import { partitionTypes } from '../../image/partition-types.ts';
import { isVersion } from '../../systemd/version-order.ts';

/** An image of a feed, as described by its file name. */
export interface FeedImage {
  readonly name: string;
  readonly version: string;
  /** As systemd spells it. */
  readonly architecture: string;
}

const architectures = Object.keys(partitionTypes.root);

/** The name of an image file, such as `btop-1.4.0-x86-64.raw`. */
export function feedFile({ name, version, architecture }: FeedImage): string {
  return `${name}-${version}-${architecture}.raw`;
}

/** The same as a pattern of systemd-sysupdate: `@v` stands for the version, `%a` for the host's architecture (sysupdate.d(5)). */
export function matchPattern(name: string): string {
  return `${name}-@v-%a.raw`;
}

/** Parses the name of an image file; `undefined`: it is not an image of this extension. */
export function parseFeedFile(file: string, name: string): FeedImage | undefined {
  const architecture = architectures.find(
    each => file.endsWith(`-${each}.raw`) && isLongestMatch(file, each),
  );
  if (architecture === undefined || !file.startsWith(`${name}-`)) return undefined;
  const version = file.slice(name.length + 1, -`-${architecture}.raw`.length);
  return version === '' ? undefined : { name, version, architecture };
}

/** Whether no other architecture with a longer name matches the end of a file name. */
function isLongestMatch(file: string, architecture: string): boolean {
  return !architectures.some(
    other =>
      other.length > architecture.length && other.endsWith(architecture) && file.endsWith(`-${other}.raw`),
  );
}

/** Of these characters, none has a meaning in YAML, a unit, a pattern of systemd-sysupdate or a URL; a percent sign is doubled. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}._+~%=,:-]*$/u;

/** Refuses names that the files of a feed cannot contain as they are. Throws `FlixError`: `bad-name`. */
export function checkFeedName(name: string): void {
  if (NAME.test(name)) return;
  throw new FlixError(
    'input',
    'bad-name',
    `${JSON.stringify(name)} cannot be the name of an extension in a feed: its transfer file and its units allow only letters, digits and . _ + ~ % = , : -`,
    'Choose another name with --name.',
  );
}

/** Refuses versions of which systemd-sysupdate ignores the images. Throws `FlixError`: `bad-version`. */
export function checkFeedVersion(version: string): void {
  if (isVersion(version)) return;
  throw new FlixError(
    'input',
    'bad-version',
    `systemd-sysupdate ignores images of version ${version}: its versions consist of letters, digits and . , _ + - only`,
    'Use a version without other characters. Note that it sorts 1.31.0-rc1 after 1.31.0, so give a pre-release a lower number.',
  );
}
