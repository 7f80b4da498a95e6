import { FlixError } from '../../errors.ts';
import { partitionTypes } from '../../image/partition-types.ts';
import type { Release } from '../../systemd/decision.ts';
import { isVersion } from '../../systemd/version-order.ts';

/** An image of a feed, as described by its file name. */
export interface FeedImage {
  readonly name: string;
  readonly version: string;
  /** As systemd spells it. */
  readonly architecture: string;
  /** The release of the only hosts that may use it; absent: all hosts may. */
  readonly release?: HostRelease;
}

/** A release of an OS: `ID=` and `VERSION_ID=` of its os-release. */
export interface HostRelease {
  readonly id: string;
  /** Empty for a rolling release. */
  readonly versionId: string;
}

/** Returns the release that a release file or os-release names; `undefined`: it names none. */
export function releaseOf(values: Release): HostRelease | undefined {
  const id = values.get('ID');
  return id && id !== '_any' ? { id, versionId: values.get('VERSION_ID') ?? '' } : undefined;
}

const architectures = Object.keys(partitionTypes.root);

/**
 * The name of an image file, such as `btop-1.4.0-x86-64.raw`, or `btop~debian~12~1.4.0-x86-64.raw` of an image for one
 * release. A tilde occurs neither in `ID=` and `VERSION_ID=` (os-release(5)) nor in a version, so that the pattern of one
 * release never matches the image of another, and the pattern for all hosts matches none of them.
 */
export function feedFile({ name, version, architecture, release }: FeedImage): string {
  return `${feedPrefix(name, release)}${version}-${architecture}.raw`;
}

/** What the names of the images begin with that the same hosts may use. */
function feedPrefix(name: string, release: HostRelease | undefined): string {
  return release ? `${feedName(name, release)}~` : `${name}-`;
}

/** What `latest` and Butane snippets call the images that the same hosts may use. */
export function feedName(name: string, release: HostRelease | undefined): string {
  return release ? `${name}~${release.id}~${release.versionId}` : name;
}

/**
 * The same as patterns of systemd-sysupdate: `@v` stands for the version, `%a`, `%o` and `%w` for architecture, `ID=` and
 * `VERSION_ID=` of the host (sysupdate.d(5)). The first pattern also names the images on the host.
 *
 * @param name with each percent sign doubled
 * @param perHost whether the feed has, or may get, images for one release
 */
export function matchPatterns(name: string, perHost: boolean): string[] {
  return [...(perHost ? [`${name}~%o~%w~@v-%a.raw`] : []), `${name}-@v-%a.raw`];
}

/** Parses the name of an image file; `undefined`: it is not an image of this extension. */
export function parseFeedFile(file: string, name: string): FeedImage | undefined {
  const architecture = architectures.find(
    each => file.endsWith(`-${each}.raw`) && isLongestMatch(file, each),
  );
  if (architecture === undefined) return undefined;
  const rest = file.slice(name.length, -`-${architecture}.raw`.length);
  const [, plain, id, versionId, version = plain] =
    (file.startsWith(name) && /^(?:-(.+)|~([^~]+)~([^~]*)~([^~]+))$/u.exec(rest)) || [];
  if (version === undefined) return undefined;
  const release = id === undefined ? undefined : { id, versionId: versionId! };
  return { name, version, architecture, ...(release && { release }) };
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
