import path from 'node:path';
import { FlixError } from '../errors.ts';
import { withImageView } from '../image/image-view.ts';
import { type Fault, Faults } from '../image/fault.ts';
import type { Range } from '../image/range.ts';
import type { GptPartition } from '../image/gpt.ts';
import { type Image, type Volume, volumesOf, withImage } from '../image/image.ts';
import { fileSystemCheck, withVolumeFile } from '../image/unpack.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import { imageNameAt } from '../systemd/versions-directory.ts';
import type { ImageType } from '../systemd/image-type.ts';
import { sha256Of } from '../view/digest.ts';
import { type ListedSum, listedSum, rootHashClaims } from './beside.ts';
import { checkPlainVerity } from './plain.ts';
import { checkManifests, checkRelease } from './metadata.ts';
import { checkDisk } from './disk.ts';
import { checkTrust } from './trust.ts';
import { fileAt } from '../image/extents.ts';

export interface VerifyOptions {
  /** A PEM file with the certificate of the trusted signer. */
  readonly certificate?: string;
  /** The expected root hash, hexadecimal. */
  readonly rootHash?: string;
  /** A SHA256SUMS that must list the image. Default: the one beside the image, if it exists. */
  readonly sums?: string;
}

/** The result of one check. `open`: it could not be made, for the reason in `note`. */
export interface CheckResult {
  readonly what: string;
  readonly result: 'good' | 'bad' | 'open';
  readonly note?: string;
}

/** The results of all checks of an image. */
export interface Verification {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly type: ImageType | undefined;
  /** Of the extension. */
  readonly name: string | undefined;
  readonly partitions: readonly GptPartition[];
  readonly volumes: readonly Volume[];
  readonly rootHash: string | undefined;
  /** SHA-256 of the signer's certificate. */
  readonly signer: string | undefined;
  readonly checks: readonly CheckResult[];
  readonly faults: readonly Fault[];
  /** The number of faults, of which not all may be listed. */
  readonly total: number;
}

/**
 * Verifies an image: computes again everything that it says about itself and that the files beside it say about it.
 * Mounts nothing and needs no privileges. Throws `FlixError` if the file is not an image or a tool is missing.
 */
export async function verifyImage(file: string, options: VerifyOptions = {}): Promise<Verification> {
  return withImage(file, async image => {
    const { reader, gpt, realPath } = image;
    const faults = new Faults();
    const checks: CheckResult[] = [];
    const listed = listedSum(path.resolve(file), options.sums);
    const claims = rootHashClaims(path.resolve(file), options.rootHash);
    const check = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
      const before = faults.total;
      const result = await work();
      checks.push({ what, result: faults.total === before ? 'good' : 'bad' });
      return result;
    };
    const open = (what: string, note: string) => checks.push({ what, result: 'open', note });

    const sha256 = sha256Of(reader).toString('hex');
    const stem = path.join(path.dirname(path.resolve(file)), imageNameOf(path.basename(file)));
    const hashes = gpt ? undefined : readOptionalBytes(`${stem}.verity`);
    const disk = gpt
      ? await check('partitions and hash trees', () => checkDisk(reader, gpt, claims, faults))
      : hashes &&
        (await check('hash tree', () =>
          checkPlainVerity({ image: reader, tree: hashes, stem }, claims, faults),
        ));
    if (disk?.rootHash === undefined)
      open('hash tree', 'the image has none, so changes are not detected when it is read');
    if (disk?.signature && options.certificate !== undefined)
      await check('certificate', () => checkTrust(disk.signature!, options.certificate!, faults));
    else if (disk?.signature)
      open('certificate', 'none was given with --certificate, so the signer is not checked');
    else if (options.certificate !== undefined)
      faults.add({ code: 'no-signature', part: 'image', message: 'the image has no signature' });
    if (claims.length > 0 && disk?.rootHash === undefined)
      faults.add({ code: 'root-hash', part: claims[0]!.from, message: 'the image has no hash tree' });

    const content = await check('file system', () => orFault(faults, () => checkVolumes(image, faults)));
    const inside = await check('metadata and manifest', () =>
      orFault(faults, () =>
        withImageView(image, (tree, entries) => {
          const attributes = entries.attributes();
          const name = imageNameAt(path.resolve(file));
          const release = checkRelease({ tree, name, attributes, gpt }, faults);
          return { ...release, uncompared: checkManifests(tree, faults) };
        }),
      ),
    );
    for (const note of inside?.notes ?? []) open('name', note);
    for (const note of inside?.uncompared ?? []) open('manifest', note);
    const uncovered = disk?.uncovered ?? [{ offset: 0, length: reader.size }];
    if (listed?.expected !== undefined)
      await check('SHA256SUMS', () => checkSum(sha256, listed, uncovered, faults));
    else if (options.sums !== undefined)
      faults.add({
        code: 'no-sum',
        part: options.sums,
        message: `does not list ${path.basename(file)}`,
      });
    else open('SHA256SUMS', 'no SHA256SUMS beside the image lists it; give one with --sums');
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

/** Compares the digest of the whole image. If no other check found a change, it must be in the ranges that no other check covers. */
export function checkSum(
  sha256: string,
  { file, expected }: ListedSum,
  uncovered: readonly Range[],
  faults: Faults,
): void {
  if (sha256 === expected) return;
  const message = `lists ${expected}, but the image has ${sha256}`;
  const unexplained = faults.total === 0;
  faults.add({ code: 'sum', part: file, message });
  if (!unexplained) return;
  for (const at of uncovered)
    faults.add({
      code: 'uncovered',
      part: 'image',
      message: 'changed in a range that only SHA256SUMS covers',
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

/** Runs a check and records as a fault any error that the damaged image causes in a reader or tool. */
async function orFault<T>(faults: Faults, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const isDamage = error instanceof FlixError && (error.kind === 'input' || error.code === 'tool-failed');
    if (!isDamage) throw error;
    faults.add({ code: error.code, part: 'file system', message: error.message });
    return undefined;
  }
}

/** How many faults are located, each of which requires reading all file metadata. */
const LOCATED = 8;

/** Adds to faults the path of the file that contains the changed data, if the file system shows it. */
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
