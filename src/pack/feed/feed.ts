import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { copyRange, fileDigest } from '../../io/file-bytes.ts';
import type { Progress } from '../../io/progress.ts';
import { holdPlace, publishFile, temporaryBeside } from '../../io/publish.ts';
import { readOptionalText } from '../../io/read-text.ts';
import { announce, forgetAnnounced, isAnnounced } from '../announced.ts';
import type { PackedImage } from '../image.ts';
import { compareAsSystemd } from '../../systemd/version-order.ts';
import { recordSums } from '../sums-file.ts';
import { butaneText } from './butane.ts';
import { extensionsIn, imagesOf, latestText, sumsOf } from './catalogue.ts';
import { parseAssignments } from '../../view/os-release.ts';
import { checkFeedName, checkFeedVersion, feedFile, type FeedImage, feedName, releaseOf } from './names.ts';
import { KEY_RING_FILE, signSums } from './sign.ts';
import { transferText, transferUrl } from './transfer.ts';

/** How to publish an image in a feed. */
export interface FeedOptions {
  readonly directory: string;
  /** The URL at which a web server serves the directory. Default: from the transfer files in it. */
  readonly url?: string;
  /** How many versions a host keeps; default 2. */
  readonly instancesMax: number;
  /** The key that signs SHA256SUMS, named as gpg names it. */
  readonly gpgKey?: string;
  /** Which hosts may use an image that was made with `--per-host`; see `ManifestHost.perHost`. Default: all. */
  readonly perHost?: 'one release' | 'all' | undefined;
}

/** The state of a feed after an image was added. */
export interface Feed {
  /** An absolute path. */
  readonly directory: string;
  readonly url: string;
  /** The name of the image file. */
  readonly file: string;
  readonly signed: boolean;
  /** The versions of this name and architecture for the same hosts, the oldest first. */
  readonly versions: readonly string[];
}

/**
 * Puts an image into a directory that a web server serves to systemd-sysupdate, with its line in SHA256SUMS, the
 * transfer file under its new and its old name, a Butane snippet and the list of the newest versions. The image is
 * written first, so that SHA256SUMS never lists a file that does not exist. Throws `FlixError`.
 */
export async function addToFeed(image: PackedImage, options: FeedOptions, say: Progress): Promise<Feed> {
  const { name, sha256 } = image;
  const directory = path.resolve(options.directory);
  const entry = feedImage(image, options);
  const file = feedFile(entry);
  fs.mkdirSync(directory, { recursive: true });
  const target = path.join(directory, file);
  // not a file: the name that is locked while the files of the feed are written
  const feed = path.join(directory, '.feed');
  return holdPlace(
    feed,
    say,
    async () => {
      const transfer = path.join(directory, `${name}.transfer`);
      const url = urlOfFeed(options, name);
      refuseAmbiguousName(directory, name);
      const known = imagesOf(sumsOf(directory), name);
      refuseOtherHosts(entry, known);
      const listed = sumsOf(directory).get(file);
      // what was announced and is not listed was never published
      const unpublished = listed === undefined && (await isAnnounced(target, target));
      if (!unpublished) await refuseReplacement(target, listed, sha256!);
      if (unpublished || !fs.existsSync(target)) await copyInto(image, target, feed, say);
      await recordSums(directory, new Map([[file, sha256!]]), [], quietIfSigned(say, options.gpgKey));
      forgetAnnounced(target);
      if (options.gpgKey !== undefined) await signSums(directory, options.gpgKey);
      const signed = fs.existsSync(path.join(directory, 'SHA256SUMS.gpg'));
      if (!signed)
        say.message(
          'the feed is not signed, so hosts accept whatever the server sends; sign it with --gpg-key',
        );
      const perHost = options.perHost !== undefined || known.some(({ release }) => release);
      const text = { name, url, signed, instancesMax: options.instancesMax, perHost };
      await put(transfer, transferText(text), feed);
      await put(path.join(directory, `${name}.conf`), transferText(text), feed);
      const keyRing = signed ? await keyRingOf(directory) : undefined;
      const butane = butaneText({ ...text, image: entry, sha256: sha256!, keyRing });
      await put(
        path.join(directory, `${feedName(name, entry.release)}-${entry.architecture}.butane.yaml`),
        butane,
        feed,
      );
      await put(path.join(directory, 'latest'), latestText(directory), feed);
      const versions = imagesOf(sumsOf(directory), name)
        .filter(other => other.architecture === entry.architecture && isForSameHosts(other, entry))
        .map(({ version }) => version)
        .sort(compareAsSystemd);
      return { directory, url, file, signed, versions };
    },
    { wait: true },
  );
}

function feedImage(
  { name, version, architecture, format, sha256, release }: PackedImage,
  { perHost }: FeedOptions,
): FeedImage {
  if (version === undefined)
    throw new FlixError(
      'input',
      'no-version',
      'an image in a feed needs a version',
      'Give it with --version.',
    );
  checkFeedName(name);
  checkFeedVersion(version);
  if (architecture === undefined)
    throw new FlixError(
      'input',
      'no-architecture',
      `nothing in ${name} determines the architecture, which a feed requires`,
      'Give it with --arch.',
    );
  if (sha256 === undefined || format === 'directory' || format === 'tar')
    throw new FlixError(
      'input',
      'usage',
      `a feed cannot contain --format ${format}`,
      'Use a format that is one file and mountable, such as ddi.',
    );
  const only = perHost === 'one release' ? releaseOf(parseAssignments(release ?? '')) : undefined;
  if (only && !/^[\w.+-]+$/.test(only.id + only.versionId))
    throw new FlixError(
      'input',
      'usage',
      `the release of ${name}, ID=${only.id} VERSION_ID=${only.versionId}, cannot be a part of a file name in a feed`,
      'Use letters, digits, dots, hyphens and underscores (os-release(5)).',
    );
  return { name, version, architecture, ...(only && { release: only }) };
}

function isForSameHosts(a: FeedImage, b: FeedImage): boolean {
  return feedName(a.name, a.release) === feedName(b.name, b.release);
}

/** Refuses an image for some hosts of a version that the feed has for all hosts, or the reverse: a host would see two. */
function refuseOtherHosts(image: FeedImage, known: readonly FeedImage[]): void {
  const { version, architecture, release } = image;
  const other = known.find(
    each => each.version === version && each.architecture === architecture && !each.release !== !release,
  );
  if (!other) return;
  throw new FlixError(
    'input',
    'version-taken',
    `the feed has version ${version} as ${feedFile(other)}, so that hosts would see it twice with ${feedFile(image)}`,
    'Give the image a new version with --version.',
  );
}

/** The URL of a feed from its transfer files, preferably that of this extension. */
function knownUrl(directory: string, name: string): string | undefined {
  const texts = [name, ...extensionsIn(directory)].map(each =>
    readOptionalText(path.join(directory, `${each}.transfer`)),
  );
  return texts.map(text => transferUrl(text ?? '')).find(url => url !== undefined);
}

/** Returns the URL that was given, else that which the feed knows. Throws `FlixError`: `no-feed-url`, `usage`. */
export function urlOfFeed(options: Pick<FeedOptions, 'directory' | 'url'>, name: string): string {
  const directory = path.resolve(options.directory);
  const url = options.url ?? (fs.existsSync(directory) ? knownUrl(directory, name) : undefined);
  if (url === undefined)
    throw new FlixError(
      'input',
      'no-feed-url',
      `the URL of the new feed ${directory} is not known`,
      'Give it with --feed-url https://….',
    );
  if (!/^https?:\/\/(?:(?!["'\\])[!-~])+$/.test(url))
    throw new FlixError(
      'input',
      'usage',
      `--feed-url ${url} is not an http or https URL`,
      'Give the URL of the directory.',
    );
  return url.endsWith('/') ? url : `${url}/`;
}

/** Refuses to change a published version: hosts that have it already would not get the new bytes. */
async function refuseReplacement(target: string, listed: string | undefined, sha256: string): Promise<void> {
  const existing = fs.existsSync(target) ? await fileDigest(target) : listed;
  if (existing === undefined || existing === sha256) return;
  throw new FlixError(
    'input',
    'version-taken',
    `${target} already exists with other contents, and a published version must not change`,
    'Give the image a new version with --version.',
  );
}

/** Refuses a name that is the beginning of another one: the pattern of `foo` would match `foo-bar-1.0` as version `bar-1.0`. */
function refuseAmbiguousName(directory: string, name: string): void {
  const isBeginning = (one: string, other: string) =>
    /^[-~]/.test(other.startsWith(one) ? other.slice(one.length) : '');
  const clash = extensionsIn(directory).find(other => isBeginning(name, other) || isBeginning(other, name));
  if (clash !== undefined)
    throw new FlixError(
      'input',
      'feed-name-clash',
      `${directory} contains ${clash}, whose versions systemd-sysupdate could not distinguish from those of ${name}`,
      'Use a separate directory for each of them.',
    );
}

async function copyInto(
  { path: from, size, sha256 }: PackedImage,
  target: string,
  feed: string,
  say: Progress,
): Promise<void> {
  say.step(`copying to ${target}`);
  const temporary = await temporaryBeside(feed, 'directory');
  const copy = path.join(temporary, 'image');
  await copyRange(from, { offset: 0, length: size }, copy);
  fs.chmodSync(copy, 0o644);
  announce(target, new Map([[path.basename(target), sha256!]]));
  await publishFile(copy, target);
  fs.rmdirSync(temporary);
}

async function put(target: string, text: string, feed: string): Promise<void> {
  if (readOptionalText(target) === text) return;
  const temporary = await temporaryBeside(feed, 'file');
  fs.writeFileSync(temporary, text);
  fs.chmodSync(temporary, 0o644);
  await publishFile(temporary, target);
}

async function keyRingOf(directory: string): Promise<{ file: string; sha256: string } | undefined> {
  const file = path.join(directory, KEY_RING_FILE);
  return fs.existsSync(file) ? { file: KEY_RING_FILE, sha256: await fileDigest(file) } : undefined;
}

/** Suppresses the message that SHA256SUMS no longer matches its signature if it is about to be signed again. */
function quietIfSigned(say: Progress, gpgKey: string | undefined): Progress {
  return gpgKey === undefined ? say : { ...say, message: () => {} };
}
