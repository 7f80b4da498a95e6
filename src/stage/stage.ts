import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { readPieces } from '../io/file-bytes.ts';
import { ioFailure } from '../io/failure.ts';
import type { Progress } from '../io/progress.ts';
import { holdPlace, makeParent, publishDirectory, temporaryBeside } from '../io/publish.ts';
import { directoryView, kindAt } from '../view/directory.ts';
import { STAGE_RECORD } from '../view/stage-record.ts';
import { spellingsOf } from './architecture.ts';
import { ContentStore } from './content-store.ts';
import { decompressed } from './decompress.ts';
import { stageDockerArchive, stageOciArchive } from './docker-archive.ts';
import { writeLdCache } from './ld-cache.ts';
import { directoryLayout, type StagedImage, stageLayout } from './oci.ts';
import { recordOf } from './record.ts';
import type { Source } from './source.ts';
import type { SourceResult, StagedRoot, StageOptions } from './staged.ts';
import { ARCHIVE, PassingDigest, Staging } from './staging.ts';

/**
 * Makes a root from a source, completely or not at all. Executes nothing of it. Replaces an earlier staged root. Throws
 * `FlixError`.
 */
export async function stage(
  source: Source,
  target: string,
  options: StageOptions,
  { force, progress: say }: { readonly force: boolean; readonly progress: Progress },
): Promise<StagedRoot> {
  await makeParent(target);
  return holdPlace(target, say, async () => {
    refuseForeign(target, force);
    const temporary = await temporaryBeside(target, 'directory');
    const staged = await stageInto(source, temporary, options, say);
    await publishDirectory(path.join(temporary, ROOT), target);
    return staged;
  });
}

function refuseForeign(target: string, force: boolean): void {
  if (kindAt(target) !== 'directory' || force) return;
  const view = directoryView(target, { staged: true });
  if (directoryView(target).list('/').size === 0 || view.staged !== undefined) return;
  throw new FlixError(
    'input',
    'not-ours',
    `${target} contains files, and “flix stage” did not make it`,
    'Name another place with --out, or replace it with --force.',
  );
}

/** The name of the root in a temporary directory. */
export const ROOT = 'root';

/** Stages a root into the directory `root` of an empty directory. */
export async function stageInto(
  source: Source,
  temporary: string,
  options: StageOptions,
  say: Progress,
): Promise<StagedRoot> {
  try {
    await fs.chmod(temporary, 0o700); // nobody else may use a root that is not finished
    const [root, contents] = [path.join(temporary, ROOT), path.join(temporary, 'contents')];
    await fs.mkdir(root);
    await fs.mkdir(contents);
    const staging = new Staging(new ContentStore(contents));
    const result = await addSource(source, temporary, options, staging, say);
    say.step('writing the root');
    const { record, leftOut } = recordOf(staging.tree, result);
    staging.replaceFile(STAGE_RECORD, `${JSON.stringify(record, undefined, 1)}\n`);
    staging.store.writeTree(staging.tree, root);
    const hasCache = result.writesCache === true && writeLdCache(root);
    say.done();
    const { layers, scripts } = result;
    const made = hasCache ? ['ld.so.cache'] : [];
    return {
      record,
      leftOut,
      layers,
      size: staging.store.written,
      scripts: scripts && { ...scripts, made: [...made, ...scripts.made] },
    };
  } catch (error) {
    throw ioFailure(error, 'cannot stage the root');
  }
}

async function addSource(
  source: Source,
  temporary: string,
  options: StageOptions,
  staging: Staging,
  say: Progress,
): Promise<SourceResult> {
  if ('suite' in source) {
    const { stageDebian } = await import('./debian/debian.ts');
    return stageDebian(source, temporary, options, staging, say);
  }
  if ('version' in source) {
    const { stageAlpine } = await import('./alpine.ts');
    return stageAlpine(source, temporary, options, staging, say);
  }
  refusePackageOptions(source.kind, options);
  say.step(`reading ${source.place}`);
  if (!('tag' in source)) {
    const passing = new PassingDigest();
    await staging.addLayer(passing.of(opened(source.place)), ARCHIVE);
    return { source: 'tar', digest: passing.digest!, layers: 1 };
  }
  const { kind, place, tag } = source;
  const { digest, tag: name, layers } = await stageImage(kind, place, tag, temporary, options, staging);
  return { source: name === undefined ? kind : `${kind}:${name}`, digest, layers };
}

async function stageImage(
  kind: 'oci' | 'oci-archive' | 'docker-archive',
  place: string,
  tag: string | undefined,
  temporary: string,
  { arch }: StageOptions,
  staging: Staging,
): Promise<StagedImage> {
  const wanted = { tag, architecture: spellingsOf(arch).oci };
  if (kind === 'oci') return stageLayout(directoryLayout(place), wanted, staging);
  const file = await seekable(place, temporary);
  return kind === 'oci-archive'
    ? stageOciArchive(file, place, wanted, staging)
    : stageDockerArchive(file, place, tag, staging);
}

/** Copies an archive, decompressed, to a temporary file, because its members are read in any order. Returns the file. */
async function seekable(place: string, temporary: string): Promise<string> {
  const file = path.join(temporary, 'archive');
  const copy = await fs.open(file, 'wx', 0o600);
  try {
    for await (const piece of decompressed(opened(place))) await copy.writeFile(piece);
  } finally {
    await copy.close();
  }
  return file;
}

function opened(place: string): AsyncIterable<Uint8Array> {
  return place === '-' ? process.stdin : readPieces(place);
}

function refusePackageOptions(kind: string, { include, mirror, components, keyring }: StageOptions): void {
  const given = [
    include.length > 0 && '--include',
    mirror.length > 0 && '--mirror',
    components !== undefined && '--components',
    keyring !== undefined && '--keyring',
  ].find(Boolean);
  if (given !== undefined && given !== false)
    throw new FlixError(
      'input',
      'usage',
      `${given} is for packages of a distribution, but ${kind}: is an image or archive`,
      'Leave it out, or name a source such as debian:bookworm.',
    );
}
