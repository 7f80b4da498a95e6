import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { requireTool } from '../io/probe.ts';
import { run } from '../io/spawn.ts';
import { compareDottedVersions } from '../io/tools.ts';
import { fileReader } from '../view/file-reader.ts';
import type { EntryTable } from './entry-table.ts';
import { erofsContents } from './erofs/contents.ts';
import { listErofs } from './erofs/list.ts';
import { type Feature, featuresOf, isErofsIntact } from './features.ts';
import { pagedReader } from './paged-reader.ts';
import { type FileSystemReader, UNPACK_MS } from './reader.ts';
import { toolLimit } from './tool-limit.ts';

const TOOL = 'fsck.erofs';

export const erofsReader: FileSystemReader = {
  tools: [TOOL],
  async list(file) {
    const reader = fileReader(file, file);
    try {
      return listErofs(pagedReader(reader));
    } finally {
      reader.close();
    }
  },
  async check(file) {
    const options = { allowFailure: true, timeoutMs: UNPACK_MS };
    // --extract without a directory decompresses everything and writes nothing
    const { exitCode, stdout, stderr } = await run(TOOL, ['--extract', file], options);
    if (exitCode === 0) return undefined;
    const complaint = `${stdout}\n${stderr}`.trim();
    const limit = await limitOf(file, complaint);
    if (limit) throw limit;
    return complaint;
  },
  async unpack(file, directory, entries) {
    // version 1.5 restores owners after modes, which would clear setuid
    const options = [`--extract=${directory}`, '--preserve-perms', '--no-preserve-owner'];
    try {
      await run(TOOL, [...options, file], { timeoutMs: UNPACK_MS });
    } catch (error) {
      if (error instanceof FlixError && error.code === 'tool-failed')
        throw (await limitOf(file, error.message)) ?? error;
      throw error;
    }
    extendHoles(entries, directory);
  },
  async open(file, _directory, entries) {
    const reader = fileReader(file, file);
    const contents = erofsContents(pagedReader(reader), entries);
    if (contents) return { contents, close: () => reader.close() };
    reader.close();
    return undefined;
  },
};

/** Gives files their size that end with a hole: fsck.erofs up to 1.8 writes only what precedes it. */
function extendHoles(entries: EntryTable, directory: string): void {
  for (const { path: at, size, holeFrom } of entries) {
    if (holeFrom === undefined) continue;
    const file = path.join(directory, at);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isFile() && stat.size >= holeFrom && stat.size < size) fs.truncateSync(file, size);
  }
}

/** What the tool says about an image that it does not understand. */
const NOT_SUPPORTED = /n[o']t supported|unsupported|unidentified|unknown|invalid sb_extslots/i;

/** Returns the error to report if the tool failed because of features that it does not support; `undefined` if the image is damaged. */
async function limitOf(file: string, complaint: string): Promise<FlixError | undefined> {
  const rare = readFeatures(file).filter(({ utils }) => utils !== undefined);
  const { version } = await requireTool(TOOL);
  const tooNew = rare.filter(
    ({ utils }) => version !== undefined && compareDottedVersions(version, utils!) < 0,
  );
  if (tooNew.length > 0) {
    const needed = tooNew.map(({ utils }) => utils!).sort(compareDottedVersions);
    return toolLimit(TOOL, namesOf(tooNew), needed.at(-1));
  }
  return rare.length > 0 && NOT_SUPPORTED.test(complaint) ? toolLimit(TOOL, namesOf(rare)) : undefined;
}

function namesOf(features: readonly Feature[]): string {
  return features.map(({ what }) => what).join(' and ');
}

/** Returns the features of an image; none if its superblock is damaged, so that it may name features that it does not have. */
function readFeatures(file: string): readonly Feature[] {
  const reader = fileReader(file, file);
  try {
    return isErofsIntact(reader) ? featuresOf(reader, 'erofs') : [];
  } finally {
    reader.close();
  }
}
