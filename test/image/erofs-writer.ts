/** Which inode bears a name. Nothing is checked, so that an image can say anything. */
type Name = readonly [name: string, inode: number];

export type InodeRecipe =
  /** `.` and `..` are added. */
  | { readonly directory: readonly Name[] }
  | { readonly link: string }
  /** Nothing of it is there; `size` is what it claims. */
  | { readonly file: { readonly size: number } }
  | { readonly device: true };

const BLOCK = 4096;
const INODE = 32;
const DIRENT = 12;
const MODES = { directory: 0o040755, link: 0o120777, file: 0o100644, device: 0o020666 } as const;
const TYPES = { file: 1, directory: 2, device: 3, link: 7 } as const;

/**
 * An erofs image that no tool would make (Linux fs/erofs/erofs_fs.h): uncompressed, inodes of the compact kind, the
 * first of them the root, all of them in one run behind the superblock.
 */
export function writeErofs(inodes: readonly InodeRecipe[]): Buffer {
  const table = Buffer.alloc(Math.ceil((inodes.length * INODE) / BLOCK) * BLOCK);
  const data: Buffer[] = [];
  let block = 1 + table.length / BLOCK;
  const parents = new Map(
    inodes.flatMap((recipe, at) =>
      'directory' in recipe ? recipe.directory.map(([, inode]) => [inode, at] as const) : [],
    ),
  );
  for (const [at, recipe] of inodes.entries()) {
    const inode = table.subarray(at * INODE, (at + 1) * INODE);
    const content = contentOf(
      recipe,
      [
        ['.', at],
        ['..', parents.get(at) ?? 0],
      ],
      inodes,
    );
    inode.writeUInt16LE(MODES[kindOf(recipe)], 4);
    inode.writeUInt16LE(1, 6);
    inode.writeUInt32LE('file' in recipe ? recipe.file.size : content.length, 8);
    inode.writeUInt32LE(block, 16);
    const padded = Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK);
    content.copy(padded);
    data.push(padded);
    block += padded.length / BLOCK;
  }
  const superblock = Buffer.alloc(BLOCK);
  superblock.writeUInt32LE(0xe0f5e1e2, 1024);
  superblock[1024 + 12] = Math.log2(BLOCK);
  superblock.writeBigUInt64LE(BigInt(inodes.length), 1024 + 16);
  superblock.writeUInt32LE(block, 1024 + 36);
  superblock.writeUInt32LE(1, 1024 + 40);
  return Buffer.concat([superblock, table, ...data]);
}

function kindOf(recipe: InodeRecipe): keyof typeof MODES {
  return Object.keys(recipe)[0] as keyof typeof MODES;
}

function contentOf(recipe: InodeRecipe, dots: readonly Name[], inodes: readonly InodeRecipe[]): Buffer {
  if ('link' in recipe) return Buffer.from(recipe.link);
  return 'directory' in recipe ? directoryOf([...dots, ...recipe.directory], inodes) : Buffer.alloc(0);
}

/** Blocks of entries, each with its names behind them. */
function directoryOf(names: readonly Name[], inodes: readonly InodeRecipe[]): Buffer {
  const blocks: Buffer[] = [];
  let held: Name[] = [];
  let length = 0;
  const flush = () => {
    const block = Buffer.alloc(BLOCK);
    let at = held.length * DIRENT;
    for (const [i, [name, inode]] of held.entries()) {
      block.writeBigUInt64LE(BigInt(inode), i * DIRENT);
      block.writeUInt16LE(at, i * DIRENT + 8);
      block[i * DIRENT + 10] = TYPES[kindOf(inodes[inode]!)];
      at += block.write(name, at);
    }
    blocks.push(block);
    [held, length] = [[], 0];
  };
  for (const one of names) {
    const needs = DIRENT + Buffer.byteLength(one[0]);
    if (length + needs > BLOCK) flush();
    held.push(one);
    length += needs;
  }
  flush();
  return Buffer.concat(blocks);
}
