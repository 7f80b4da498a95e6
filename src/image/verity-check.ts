import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import type { Fault, Faults } from './fault.ts';
import { notZero, partOf, type Range } from './range.ts';
import { blockDigest, readVerity, type Verity, verityPadding } from './verity.ts';

/** A range of the image, in bytes, and its name in reports. */
export interface NamedRange {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

export interface VerityParts {
  readonly data: NamedRange;
  readonly hash: NamedRange;
}

const CHUNK_BLOCKS = 256;
const SUPERBLOCK: Range = { offset: 0, length: 512 };
const BLOCK_COUNT: Range = { offset: 72, length: 8 };

/**
 * Recomputes every digest of a hash tree, from the root down. On a mismatch, blames the lower block if its parent block
 * was verified; otherwise blames the parent.
 *
 * @param claims root hashes (hexadecimal) given for the image; a matching one verifies the topmost block
 * @returns the root hash of the stored tree; `undefined` if it cannot be read
 */
export function checkVerity(
  reader: Reader,
  { data, hash }: VerityParts,
  claims: readonly string[],
  faults: Faults,
): string | undefined {
  const tree = partOf(reader, { offset: hash.offset, length: hash.size });
  const part = hash.name;
  let verity: Verity;
  try {
    verity = readVerity(tree, data.size);
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    const at = { offset: hash.offset, length: Math.min(512, hash.size) };
    faults.add({ code: 'verity-superblock', part, message: error.message, at });
    return undefined;
  }
  for (const { offset, length } of verityPadding(verity, tree))
    checkZeros(reader, { offset: hash.offset + offset, length }, part, faults);
  const covered = verity.dataBlocks * verity.dataBlock;
  const behind = { offset: data.offset + covered, length: data.size - covered };
  checkZeros(reader, behind, data.name, faults);

  const blocks = partOf(reader, { offset: data.offset, length: data.size });
  const stored = [
    digests(blocks, 0, verity.dataBlocks, verity.dataBlock, verity),
    ...verity.levels.map(level => digests(tree, level.offset, level.blocks, verity.hashBlock, verity)),
  ];
  const root = stored.at(-1)![0]!.toString('hex');
  const confirmed = claims.length === 0 || claims.includes(root);
  const misread = superblockFault(tree, verity, stored, confirmed);
  if (misread) {
    const at = { ...misread, offset: hash.offset + misread.offset };
    const message = 'the salt or the number of blocks is not the one with which the tree was made';
    faults.add({ code: 'verity-superblock', part, message, at });
    return root;
  }
  // index 0 is the data, index L + 1 is level L of the tree
  let doubtful = new Set(confirmed ? [] : [0]);
  for (let level = stored.length - 1; level >= 0; level--) {
    const below = level === 0 ? undefined : { tree, verity, level: level - 1, digests: stored[level - 1]! };
    const differing = below ? differences(below) : [];
    for (const block of doubtful) faults.add(changed({ data, hash }, verity, level, block, differing));
    const sound = differing.filter(({ holder }) => !doubtful.has(holder));
    doubtful = new Set(sound.map(({ index }) => index));
  }
  return root;
}

/** Detects a wrong salt, with which no digest matches, and a wrong block count, with which the tree goes on after the last digest. */
function superblockFault(
  tree: Reader,
  verity: Verity,
  stored: readonly (readonly Buffer[])[],
  confirmed: boolean,
): Range | undefined {
  const [first] = verity.levels;
  if (!first) return undefined;
  const ofData = stored[0]!;
  const wrong = differences({ tree, verity, level: 0, digests: ofData });
  if (!confirmed && wrong.length === ofData.length) return SUPERBLOCK;
  const used = ofData.length * verity.slot;
  const rest = { offset: first.offset + used, length: first.blocks * verity.hashBlock - used };
  return confirmed && notZero(tree, rest) ? BLOCK_COUNT : undefined;
}

function checkZeros(reader: Reader, range: Range, part: string, faults: Faults): void {
  const at = notZero(reader, range);
  if (at) faults.add({ code: 'not-zero', part, message: 'contains data where all bytes must be zero', at });
}

function digests(reader: Reader, offset: number, blocks: number, size: number, verity: Verity): Buffer[] {
  const found: Buffer[] = [];
  for (let done = 0; done < blocks; done += CHUNK_BLOCKS) {
    const count = Math.min(CHUNK_BLOCKS, blocks - done);
    const chunk = reader.read(offset + done * size, count * size);
    for (let i = 0; i < count; i++) found.push(blockDigest(verity, chunk.subarray(i * size, (i + 1) * size)));
  }
  return found;
}

interface Difference {
  /** Index of the block with this digest, and of the block that contains the digest. */
  readonly index: number;
  readonly holder: number;
  /** Range of the stored digest in the hash partition. */
  readonly at: Range;
}

function differences({
  tree,
  verity: { levels, hashBlock, slot },
  level,
  digests: below,
}: {
  readonly tree: Reader;
  readonly verity: Verity;
  readonly level: number;
  readonly digests: readonly Buffer[];
}): Difference[] {
  const { offset, blocks } = levels[level]!;
  const stored = tree.read(offset, blocks * hashBlock);
  const perBlock = Math.floor(hashBlock / slot);
  return below.flatMap((digest, index) => {
    const at = index * slot;
    if (digest.equals(stored.subarray(at, at + digest.length))) return [];
    return [
      { index, holder: Math.floor(index / perBlock), at: { offset: offset + at, length: digest.length } },
    ];
  });
}

function changed(
  { data, hash }: VerityParts,
  { levels, dataBlock, hashBlock }: Verity,
  stored: number,
  block: number,
  differing: readonly Difference[],
): Fault {
  if (stored === 0) {
    const at = { offset: data.offset + block * dataBlock, length: dataBlock };
    const message = `block ${block} does not match its digest in the hash tree`;
    return { code: 'verity-data', part: data.name, message, at };
  }
  const digest = differing.filter(({ holder }) => holder === block);
  const whole = { offset: levels[stored - 1]!.offset + block * hashBlock, length: hashBlock };
  const { offset, length } = digest.length === 1 ? digest[0]!.at : whole;
  return {
    code: 'verity-tree',
    part: hash.name,
    message: `block ${block} of level ${stored - 1} of the hash tree does not match its digest`,
    at: { offset: hash.offset + offset, length },
  };
}
