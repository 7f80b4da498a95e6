import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { fileDigest } from '../io/file-bytes.ts';
import { publishDirectory, publishFile, temporaryBeside } from '../io/publish.ts';
import { directoryView } from '../view/directory.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { announce, forgetAnnounced, isAnnounced } from './announced.ts';
import { contentDigest } from './content.ts';
import type { ImageDescription } from './describe.ts';
import type { BesideImage, PackedImage } from './image.ts';
import type { MadeImage } from './make.ts';
import type { PackOptions } from './options.ts';
import { isListed, recordSums } from './sums-file.ts';

/** The suffixes of the files beside an image; systemd finds the first three by name (src/shared/dissect-image.c). */
const SUFFIXES: { readonly [R in BesideImage['role']]: string } = {
  roothash: '.roothash',
  verity: '.verity',
  signature: '.roothash.p7s',
  manifest: '.manifest.json',
};

type Published = Pick<PackedImage, 'size' | 'sha256' | 'beside'>;

/**
 * Puts a finished image in its place, then the files beside it, then their digests, so that SHA256SUMS never lists a
 * file that is not there yet. Files that an earlier run left beside the image are removed. Throws `FlixError`
 * `not-ours`.
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
  for (const file of [image, ...beside]) await refuseForeign(output, file.target, file.sha256, options.force);
  const sums = new Map([image, ...beside].map(file => [path.basename(file.target), file.sha256]));
  announce(output, sums);
  for (const file of [image, ...beside]) await publishFile(file.temporary, file.target);
  const stale = await removeStale(output, beside);
  await recordSums(path.dirname(output), sums, stale, options.progress);
  forgetAnnounced(output);
  return {
    size,
    sha256: image.sha256,
    beside: beside.map(({ role, target, sha256 }) => ({ role, path: target, sha256 })),
  };
}

/** A file to be published beside the image. */
interface PendingFile {
  readonly role: BesideImage['role'];
  readonly temporary: string;
  readonly target: string;
  readonly sha256: string;
}

async function besideImage(
  { output, view }: ImageDescription,
  { manifest }: PackOptions,
  { rootHash, hashes, signature }: MadeImage,
): Promise<PendingFile[]> {
  const contents: [BesideImage['role'], Uint8Array | string | undefined][] = [
    ['roothash', rootHash],
    ['signature', signature],
    ['manifest', manifest === undefined ? undefined : readBytes(view, manifest)],
  ];
  const pending: PendingFile[] = [];
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
  return output.replace(/\.(?:raw|tar)$/, '') + SUFFIXES[role];
}

/** Accepts a file with the same content, or one that was announced, even if it is not listed: a run that was killed left it. */
async function refuseForeign(output: string, target: string, sha256: string, force: boolean): Promise<void> {
  if (force || !fs.existsSync(target) || (await isListed(target))) return;
  if ((await fileDigest(target)) === sha256 || (await isAnnounced(output, target))) return;
  throw notOurs(`${target} already exists and is not listed in SHA256SUMS, so flix may not have written it`);
}

/** @returns the names of the deleted files */
async function removeStale(output: string, beside: readonly PendingFile[]): Promise<string[]> {
  const written = new Set(beside.map(({ target }) => target));
  const deleted: string[] = [];
  for (const role of Object.keys(SUFFIXES) as BesideImage['role'][]) {
    const target = placeBeside(output, role);
    if (written.has(target)) continue;
    if (!(await isListed(target)) && !(await isAnnounced(output, target))) continue;
    fs.rmSync(target, { force: true });
    deleted.push(path.basename(target));
  }
  return deleted;
}

async function publishTree(
  { output, view }: ImageDescription,
  { force }: PackOptions,
  { temporary }: MadeImage,
): Promise<Published> {
  const existing = fs.existsSync(output) ? directoryView(output) : undefined;
  const empty = existing === undefined || existing.list('/').size === 0;
  if (!empty && !force && contentDigest(existing) !== contentDigest(directoryView(temporary)))
    throw notOurs(`${output} already exists with other contents`);
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
  return new FlixError('input', 'not-ours', message, 'Replace it with --force.');
}
