import { partitionTypes } from '../../image/partition-types.ts';

/** An image of a feed, as its file name says it. */
export interface FeedImage {
  readonly name: string;
  readonly version: string;
  /** In systemd's spelling. */
  readonly architecture: string;
}

const architectures = Object.keys(partitionTypes.root);

/** `btop-1.4.0-x86-64.raw` */
export function feedFile({ name, version, architecture }: FeedImage): string {
  return `${name}-${version}-${architecture}.raw`;
}

/** The same for systemd-sysupdate: `@v` is the version, `%a` the architecture of the host (sysupdate.d(5)). */
export function matchPattern(name: string): string {
  return `${name}-@v-%a.raw`;
}

/** What a file of a feed is, if it is an image of this name; `undefined`: it is something else. */
export function parseFeedFile(file: string, name: string): FeedImage | undefined {
  const architecture = architectures.find(each => file.endsWith(`-${each}.raw`) && isAlone(file, each));
  if (architecture === undefined || !file.startsWith(`${name}-`)) return undefined;
  const version = file.slice(name.length + 1, -`-${architecture}.raw`.length);
  return version === '' ? undefined : { name, version, architecture };
}

/** `…-x86-64.raw` is not one of another architecture that ends in the same way. */
function isAlone(file: string, architecture: string): boolean {
  return !architectures.some(
    other =>
      other.length > architecture.length && other.endsWith(architecture) && file.endsWith(`-${other}.raw`),
  );
}
