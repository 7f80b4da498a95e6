import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { copyRange } from '../../io/copy-range.ts';
import { fileDigest } from '../../io/file-digest.ts';
import type { Progress } from '../../io/progress.ts';
import { holdPlace, publishFile, temporaryBeside } from '../../io/publish.ts';
import { readOptionalText } from '../../io/read-text.ts';
import type { PackedImage } from '../image.ts';
import { compareAsSystemd } from '../../systemd/version-order.ts';
import { recordSums } from '../sums-file.ts';
import { butaneText } from './butane.ts';
import { imagesOf, latestText, namesIn, sumsOf } from './catalogue.ts';
import { type FeedImage, feedFile } from './names.ts';
import { KEY_RING_FILE, signSums } from './sign.ts';
import { transferText, transferUrl } from './transfer.ts';

export interface FeedOptions {
  readonly directory: string;
  /** Where a web server shows the directory. Default: as the transfer file in it says. */
  readonly url?: string;
  /** How many versions a host keeps; default 2. */
  readonly instancesMax: number;
  /** Signs SHA256SUMS; what gpg calls it. */
  readonly gpgKey?: string;
}

/** What a feed holds now. */
export interface Feed {
  /** Absolute. */
  readonly directory: string;
  readonly url: string;
  readonly file: string;
  readonly signed: boolean;
  /** Of this name and architecture, the oldest first. */
  readonly versions: readonly string[];
}

/**
 * Puts an image into a directory that a web server serves to systemd-sysupdate, with its line in SHA256SUMS, the
 * transfer file under its new and its older name, a Butane snippet and the list of what is newest. The image goes
 * first: a host never reads of a file that is not there. Throws `FlixError`.
 */
export async function addToFeed(image: PackedImage, options: FeedOptions, say: Progress): Promise<Feed> {
  const { name, sha256 } = image;
  const directory = path.resolve(options.directory);
  const entry = feedImage(image);
  const file = feedFile(entry);
  fs.mkdirSync(directory, { recursive: true });
  const target = path.join(directory, file);
  // a place of no file, held while all of them are written
  const feed = path.join(directory, '.feed');
  return holdPlace(
    feed,
    say,
    async () => {
      const transfer = path.join(directory, `${name}.transfer`);
      const url = feedUrl(options.url ?? knownUrl(directory, name), directory);
      refuseClash(directory, name);
      await refuseOther(target, sumsOf(directory).get(file), sha256!);
      if (!fs.existsSync(target)) await copyInto(image, target, feed, say);
      await recordSums(directory, new Map([[file, sha256!]]), [], quiet(say, options.gpgKey));
      if (options.gpgKey !== undefined) await signSums(directory, options.gpgKey);
      const signed = fs.existsSync(path.join(directory, 'SHA256SUMS.gpg'));
      if (!signed) say.message('the feed is not signed: hosts take whatever is served to them (--gpg-key)');
      const text = { name, url, signed, instancesMax: options.instancesMax };
      await put(transfer, transferText(text), feed);
      await put(path.join(directory, `${name}.conf`), transferText(text), feed);
      const keyRing = signed ? await keyRingOf(directory) : undefined;
      const butane = butaneText({ ...text, image: entry, sha256: sha256!, keyRing });
      await put(path.join(directory, `${name}-${entry.architecture}.butane.yaml`), butane, feed);
      await put(path.join(directory, 'latest'), latestText(directory), feed);
      const versions = imagesOf(sumsOf(directory), name)
        .filter(({ architecture }) => architecture === entry.architecture)
        .map(({ version }) => version)
        .sort(compareAsSystemd);
      return { directory, url, file, signed, versions };
    },
    { wait: true },
  );
}

function feedImage({ name, version, architecture, format, sha256 }: PackedImage): FeedImage {
  if (version === undefined)
    throw new FlixError(
      'input',
      'no-version',
      'an image of a feed needs a version',
      'give it with --version',
    );
  if (architecture === undefined)
    throw new FlixError(
      'input',
      'no-architecture',
      `nothing in ${name} says for which architecture it is`,
      'give it with --arch',
    );
  if (sha256 === undefined || format === 'directory' || format === 'tar')
    throw new FlixError('input', 'usage', `--format ${format} is no image that a feed can hold`);
  return { name, version, architecture };
}

/** As the transfer files in it say, that of the name itself first. */
function knownUrl(directory: string, name: string): string | undefined {
  const texts = [name, ...namesIn(directory)].map(each =>
    readOptionalText(path.join(directory, `${each}.transfer`)),
  );
  return texts.map(text => transferUrl(text ?? '')).find(url => url !== undefined);
}

function feedUrl(url: string | undefined, directory: string): string {
  if (url === undefined)
    throw new FlixError(
      'input',
      'no-feed-url',
      `${directory} is a new feed, and where it will be served is not known`,
      'say it with --feed-url https://…',
    );
  if (!/^https?:\/\/[^\s"'\\]+$/.test(url))
    throw new FlixError('input', 'usage', `--feed-url ${url} is no http or https URL`);
  return url.endsWith('/') ? url : `${url}/`;
}

/** New bytes under an old version would reach no host that has it, and some that have not. */
async function refuseOther(target: string, listed: string | undefined, sha256: string): Promise<void> {
  const standing = fs.existsSync(target) ? await fileDigest(target) : listed;
  if (standing === undefined || standing === sha256) return;
  throw new FlixError(
    'input',
    'version-taken',
    `${target} is there already with other bytes: a version that was published does not change`,
    'give the image a new version (--version)',
  );
}

/** `@v` in the pattern of `foo` would take `bar-1.0` of `foo-bar` for a version. */
function refuseClash(directory: string, name: string): void {
  const clash = namesIn(directory).find(
    other => other.startsWith(`${name}-`) || name.startsWith(`${other}-`),
  );
  if (clash !== undefined)
    throw new FlixError(
      'input',
      'feed-name-clash',
      `${directory} holds ${clash}: systemd-sysupdate could not tell its versions from those of ${name}`,
      'keep it in a directory of its own',
    );
}

async function copyInto(
  { path: from, size }: PackedImage,
  target: string,
  feed: string,
  say: Progress,
): Promise<void> {
  say.step(`copying to ${target}`);
  const temporary = await temporaryBeside(feed, 'directory');
  const copy = path.join(temporary, 'image');
  await copyRange(from, { offset: 0, length: size }, copy);
  fs.chmodSync(copy, 0o644);
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

/** That SHA256SUMS is newer than its signature need not be said where it is signed again at once. */
function quiet(say: Progress, gpgKey: string | undefined): Progress {
  return gpgKey === undefined ? say : { ...say, message: () => {} };
}
