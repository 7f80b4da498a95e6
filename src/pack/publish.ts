import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { fileDigest } from '../io/file-digest.ts';
import { publishDirectory, publishFile, temporaryBeside } from '../io/publish.ts';
import { directoryView } from '../view/directory.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { contentDigest } from './content.ts';
import type { ImageDescription } from './describe.ts';
import type { BesideImage, PackedImage } from './image.ts';
import type { MadeImage } from './make.ts';
import type { PackOptions } from './options.ts';
import { isListed, recordSums } from './sums-file.ts';

/** By these names systemd finds what belongs to an image without a partition table (src/shared/dissect-image.c). */
const BESIDE: { readonly [R in BesideImage['role']]: string } = {
  roothash: '.roothash',
  verity: '.verity',
  signature: '.roothash.p7s',
  manifest: '.manifest.json',
};

type Published = Pick<PackedImage, 'size' | 'sha256' | 'beside'>;

/**
 * Puts a finished image in its place, then what goes beside it, then the digests: a digest of an image that is not
 * there yet would be the worst half. What an earlier run left beside it and this one does not write is removed.
 * Throws `FlixError` `not-ours`.
 */
export async function publishImage(
  description: ImageDescription,
  options: PackOptions,
  made: MadeImage,
): Promise<Published> {
  if (options.format === 'directory') return publishTree(description, options, made);
  const { output } = description;
  const image = { temporary: made.temporary, target: output, sha256: await fileDigest(made.temporary) };
  const { size } = fs.statSync(made.temporary);
  const beside = await besideImage(description, options, made);
  for (const file of [image, ...beside]) await refuseForeign(file.target, file.sha256, options.force);
  for (const file of [image, ...beside]) await publishFile(file.temporary, file.target);
  const stale = await removeStale(output, beside);
  const sums = new Map([image, ...beside].map(file => [path.basename(file.target), file.sha256]));
  await recordSums(path.dirname(output), sums, stale, options.progress);
  return {
    size,
    sha256: image.sha256,
    beside: beside.map(({ role, target, sha256 }) => ({ role, path: target, sha256 })),
  };
}

interface Pending {
  readonly role: BesideImage['role'];
  readonly temporary: string;
  readonly target: string;
  readonly sha256: string;
}

async function besideImage(
  { output, view }: ImageDescription,
  { manifest }: PackOptions,
  { rootHash, hashes, signature }: MadeImage,
): Promise<Pending[]> {
  const contents: [BesideImage['role'], Uint8Array | string | undefined][] = [
    ['roothash', rootHash],
    ['signature', signature],
    ['manifest', manifest === undefined ? undefined : readBytes(view, manifest)],
  ];
  const pending: Pending[] = [];
  const add = async (role: BesideImage['role'], temporary: string) =>
    pending.push({ role, temporary, target: placeBeside(output, role), sha256: await fileDigest(temporary) });
  if (hashes !== undefined) await add('verity', hashes);
  for (const [role, content] of contents) {
    if (content === undefined) continue;
    const temporary = await temporaryBeside(output, 'file');
    fs.writeFileSync(temporary, content);
    await add(role, temporary);
  }
  return pending;
}

function placeBeside(output: string, role: BesideImage['role']): string {
  return output.replace(/\.(?:raw|tar)$/, '') + BESIDE[role];
}

/** A run that was killed before it wrote SHA256SUMS left the very same file: that one is ours. */
async function refuseForeign(target: string, sha256: string, force: boolean): Promise<void> {
  if (force || !fs.existsSync(target) || (await isListed(target))) return;
  if ((await fileDigest(target)) === sha256) return;
  throw notOurs(
    `${target} is there already and has no line in SHA256SUMS, so it may not be an earlier result of flix`,
  );
}

/** @returns the names of what is gone */
async function removeStale(output: string, beside: readonly Pending[]): Promise<string[]> {
  const written = new Set(beside.map(({ target }) => target));
  const gone: string[] = [];
  for (const role of Object.keys(BESIDE) as BesideImage['role'][]) {
    const target = placeBeside(output, role);
    if (written.has(target) || !(await isListed(target))) continue;
    fs.rmSync(target, { force: true });
    gone.push(path.basename(target));
  }
  return gone;
}

async function publishTree(
  { output, view }: ImageDescription,
  { force }: PackOptions,
  { temporary }: MadeImage,
): Promise<Published> {
  const standing = fs.existsSync(output) ? directoryView(output) : undefined;
  const empty = standing === undefined || standing.list('/').size === 0;
  if (!empty && !force && contentDigest(standing) !== contentDigest(directoryView(temporary)))
    throw notOurs(`${output} is there already and holds something else`);
  await publishDirectory(temporary, output);
  return { size: sizeOf(view), sha256: undefined, beside: [] };
}

/** The bytes of all files of a tree. */
function sizeOf(tree: View): number {
  return [...walk(tree, '/')].reduce(
    (sum, { path: at, kind }) => sum + (kind === 'file' ? tree.stat(at).size : 0),
    0,
  );
}

function notOurs(message: string): FlixError {
  return new FlixError('input', 'not-ours', message, '--force replaces it');
}
