import { run } from '../io/spawn.ts';
import { fileReader } from '../view/file-reader.ts';
import {
  attributesIn,
  childIn,
  DIR_INDEX,
  type BtrfsInode,
  INODE_ITEM,
  inodeIn,
  itemsIn,
  leavesOf,
  XATTR_ITEM,
} from './btrfs-tree.ts';
import { EntryBudget, hostile, kindOfMode } from './entry.ts';
import { EntryTable } from './entry-table.ts';
import { limited, toolLimit } from './tool-limit.ts';
import { type FileSystemReader, LIST_MS, UNPACK_MS } from './reader.ts';

const ROOT = 256n;
/** How btrfs-progs name features that are newer than themselves (kernel-shared/disk-io.c); they check the superblock's checksum first. */
const UNSUPPORTED = /unsupported ((?:optional |option )?features \(\w+\))/;

export const btrfsReader: FileSystemReader = {
  tools: ['btrfs'],
  async list(file) {
    const tree = await dump(file, 'fs');
    const chunks = await dump(file, 'chunk');
    const reader = fileReader(file, file);
    try {
      return entriesOf(nodesIn(leavesOf(reader, tree, chunks)));
    } finally {
      reader.close();
    }
  },
  async check(file) {
    const options = { allowFailure: true, timeoutMs: UNPACK_MS };
    const arguments_ = ['check', '--readonly', '--check-data-csum', file];
    const { exitCode, stdout, stderr } = await run('btrfs', arguments_, options);
    if (exitCode === 0) return undefined;
    const complaint = `${stdout}\n${stderr}`.trim();
    const features = UNSUPPORTED.exec(complaint)?.[1];
    if (features !== undefined) throw await toolLimit('btrfs', features);
    return complaint;
  },
  async unpack(file, directory) {
    // --metadata also sets owners, which fails without root; modes are restored afterwards in any case
    const metadata = process.getuid?.() === 0 ? ['--metadata'] : [];
    const arguments_ = ['restore', '--symlink', ...metadata, file, directory];
    await limited('btrfs', UNSUPPORTED, () => run('btrfs', arguments_, { timeoutMs: UNPACK_MS }));
  },
};

/** Dumps a tree without names and values, whose line breaks could be mistaken for the dump's own. */
async function dump(file: string, tree: 'fs' | 'chunk'): Promise<string> {
  const arguments_ = ['inspect-internal', 'dump-tree', '--hide-names', '-t', tree, file];
  const { stdout } = await limited('btrfs', UNSUPPORTED, () =>
    run('btrfs', arguments_, { timeoutMs: LIST_MS }),
  );
  return stdout;
}

/** Everything that the items of one inode say. */
interface BtrfsNode {
  inode: BtrfsInode | undefined;
  readonly children: ReturnType<typeof childIn>[];
  readonly attributes: Map<string, Buffer>;
}

function nodesIn(leaves: Iterable<Buffer>): Map<bigint, BtrfsNode> {
  const nodes = new Map<bigint, BtrfsNode>();
  for (const leaf of leaves)
    for (const item of itemsIn(leaf)) {
      const node: BtrfsNode = nodes.get(item.inode) ?? {
        inode: undefined,
        children: [],
        attributes: new Map(),
      };
      nodes.set(item.inode, node);
      if (item.type === INODE_ITEM) node.inode = inodeIn(item);
      else if (item.type === DIR_INDEX) node.children.push(childIn(item));
      else if (item.type === XATTR_ITEM)
        // Linux uses the first of two attributes with the same name
        for (const [name, value] of attributesIn(item, node.inode ? kindOfMode(node.inode.mode) : 'file'))
          if (!node.attributes.has(name)) node.attributes.set(name, value);
    }
  return nodes;
}

function entriesOf(nodes: ReadonlyMap<bigint, BtrfsNode>): EntryTable {
  const entries = new EntryTable();
  const entered = new Set<bigint>();
  const budget = new EntryBudget();
  const todo = [{ path: '/', number: ROOT }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, number } = next;
    const { inode, children, attributes } = nodes.get(number) ?? {};
    if (!inode || !children || !attributes) throw hostile(`${path} has no inode`);
    const kind = kindOfMode(inode.mode);
    const own = attributes.size > 0 ? { attributes } : {};
    entries.add({ ...inode, path, kind, mode: inode.mode & 0o7777, ...own }, Number(number));
    if (kind !== 'directory') continue;
    if (entered.has(number)) throw hostile(`${path} is a directory that is reached twice`);
    entered.add(number);
    for (const { name, inode: child } of children) {
      if (name.includes('/')) throw hostile(`it contains ${JSON.stringify(name)} as a name`);
      budget.take(path.length + name.length);
      todo.push({ path: path === '/' ? `/${name}` : `${path}/${name}`, number: child });
    }
  }
  return entries;
}
