import path from 'node:path';
import { FlixError } from '../errors.ts';
import { imageAttributes } from '../image/attributes.ts';
import { type Fault, Faults, type Range } from '../image/fault.ts';
import type { Partition } from '../image/gpt.ts';
import { type Image, type Volume, volumesOf, withImage } from '../image/image.ts';
import { withImageView } from '../image/image-view.ts';
import { fileSystemCheck, withVolumeFile } from '../image/unpack.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import type { ImageType } from '../systemd/image-type.ts';
import { sha256Of } from '../view/digest.ts';
import { type ListedSum, listedSum, rootHashClaims } from './beside.ts';
import { checkPlainVerity } from './plain.ts';
import { checkManifests, checkRelease } from './metadata.ts';
import { checkDisk } from './disk.ts';
import { checkTrust } from './trust.ts';
import { fileAt } from '../image/extents.ts';

export interface VerifyOptions {
  /** A PEM file. */
  readonly certificate?: string;
  /** Hexadecimal. */
  readonly rootHash?: string;
  /** A SHA256SUMS; default: the one beside the image, if there is one. */
  readonly sums?: string;
}

/** One thing that was looked at. `open`: it could not be judged, and why. */
export interface Check {
  readonly what: string;
  readonly result: 'good' | 'bad' | 'open';
  readonly note?: string;
}

export interface Verification {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly type: ImageType | undefined;
  /** Of the extension. */
  readonly name: string | undefined;
  readonly partitions: readonly Partition[];
  readonly volumes: readonly Volume[];
  readonly rootHash: string | undefined;
  /** SHA-256 of the certificate that signed it. */
  readonly signer: string | undefined;
  readonly checks: readonly Check[];
  readonly faults: readonly Fault[];
  /** There may be more than are listed. */
  readonly total: number;
}

/**
 * Looks at an image from outside: everything that it says of itself, and that is said of it, is computed again. Mounts
 * nothing and needs no privilege. Throws `FlixError` where there is nothing to look at, or a tool is missing.
 */
export async function verifyImage(file: string, options: VerifyOptions = {}): Promise<Verification> {
  return withImage(file, async image => {
    const { reader, gpt, realPath } = image;
    const faults = new Faults();
    const checks: Check[] = [];
    const listed = listedSum(path.resolve(file), options.sums);
    const claims = rootHashClaims(path.resolve(file), options.rootHash);
    const judge = async <T>(what: string, look: () => T | Promise<T>): Promise<T> => {
      const before = faults.total;
      const result = await look();
      checks.push({ what, result: faults.total === before ? 'good' : 'bad' });
      return result;
    };
    const open = (what: string, note: string) => checks.push({ what, result: 'open', note });

    const sha256 = sha256Of(reader).toString('hex');
    const stem = path.join(path.dirname(path.resolve(file)), imageNameOf(path.basename(file)));
    const hashes = gpt ? undefined : readOptionalBytes(`${stem}.verity`);
    const disk = gpt
      ? await judge('partitions and hash trees', () => checkDisk(reader, gpt, claims, faults))
      : hashes &&
        (await judge('hash tree', () =>
          checkPlainVerity({ image: reader, tree: hashes, stem }, claims, faults),
        ));
    if (disk?.rootHash === undefined) open('hash tree', 'the image has none: nothing protects what is read');
    if (disk?.signature && options.certificate !== undefined)
      await judge('certificate', () => checkTrust(disk.signature!, options.certificate!, faults));
    else if (disk?.signature) open('certificate', 'none was given (--certificate): the signer is not judged');
    else if (options.certificate !== undefined)
      faults.add({ code: 'no-signature', part: 'image', message: 'it has no signature' });
    if (claims.length > 0 && disk?.rootHash === undefined)
      faults.add({ code: 'root-hash', part: claims[0]!.from, message: 'the image has no hash tree' });

    const content = await judge('file system', () => orFault(faults, () => checkVolumes(image, faults)));
    const inside = await judge('metadata and manifest', () =>
      orFault(faults, () =>
        withImageView(image, (tree, entries) => {
          const attributes = imageAttributes(entries);
          const name = imageNameOf(path.basename(file));
          const release = checkRelease({ tree, name, attributes, gpt }, faults);
          return { ...release, uncompared: checkManifests(tree, faults) };
        }),
      ),
    );
    for (const note of inside?.notes ?? []) open('name', note);
    for (const note of inside?.uncompared ?? []) open('manifest', note);
    const uncovered = disk?.uncovered ?? [{ offset: 0, length: reader.size }];
    if (listed?.expected !== undefined)
      await judge('SHA256SUMS', () => checkSum(sha256, listed, uncovered, faults));
    else if (options.sums !== undefined)
      faults.add({
        code: 'no-sum',
        part: options.sums,
        message: `it has no line for ${path.basename(file)}`,
      });
    else open('SHA256SUMS', 'none beside the image lists it (--sums)');
    if (!content && !gpt && listed?.expected === undefined && faults.list.length === 0) volumesOf(image);
    return {
      path: realPath,
      size: reader.size,
      sha256,
      type: inside?.type,
      name: inside?.name,
      partitions: gpt?.partitions ?? [],
      volumes: content ?? [],
      rootHash: disk?.rootHash,
      signer: disk?.signature?.certificateFingerprint,
      checks,
      faults: await located(image, content ?? [], faults.list),
      total: faults.total,
    };
  });
}

/** A digest of the whole finds any change; where nothing else does, it is in what nothing else covers. */
export function checkSum(
  sha256: string,
  { file, expected }: ListedSum,
  uncovered: readonly Range[],
  faults: Faults,
): void {
  if (sha256 === expected) return;
  const message = `says ${expected}; the image has ${sha256}`;
  const unexplained = faults.total === 0;
  faults.add({ code: 'sum', part: file, message });
  if (!unexplained) return;
  for (const at of uncovered)
    faults.add({
      code: 'uncovered',
      part: 'image',
      message: 'changed where nothing but SHA256SUMS would show it',
      at,
    });
}

async function checkVolumes(image: Image, faults: Faults): Promise<readonly Volume[]> {
  const volumes = volumesOf(image);
  for (const volume of volumes) {
    const message = await fileSystemCheck(image, volume);
    const at = { offset: volume.offset, length: volume.size };
    if (message !== undefined) faults.add({ code: 'file-system', part: volume.type, message, at });
  }
  return volumes;
}

/** What a damaged image makes a reader or tool refuse is what was looked for. */
async function orFault<T>(faults: Faults, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const damage = error instanceof FlixError && (error.kind === 'input' || error.code === 'tool-failed');
    if (!damage) throw error;
    faults.add({ code: error.code, part: 'file system', message: error.message });
    return undefined;
  }
}

/** Each costs a look at every file. */
const LOCATED = 8;

/** Names the file in which changed data lie, where its file system can tell. */
async function located(
  image: Image,
  volumes: readonly Volume[],
  faults: readonly Fault[],
): Promise<readonly Fault[]> {
  const found: Fault[] = [];
  for (const [i, fault] of faults.entries()) {
    const changed = i < LOCATED ? await changedFile(image, volumes, fault) : undefined;
    found.push(changed === undefined ? fault : { ...fault, path: changed });
  }
  return found;
}

async function changedFile(
  image: Image,
  volumes: readonly Volume[],
  { code, at }: Fault,
): Promise<string | undefined> {
  if (code !== 'verity-data' || !at) return undefined;
  const volume = volumes.find(({ offset, size }) => at.offset >= offset && at.offset < offset + size);
  if (!volume) return undefined;
  const range = { offset: at.offset - volume.offset, length: at.length };
  const found = await withVolumeFile(image, volume, file => fileAt(file, volume.type, range));
  return found && (volume.at === '/' ? found : volume.at + found);
}
