import { FlixError } from '../errors.ts';
import type { TarEntry } from './tar-entry.ts';

/** What every file, link and directory has. */
export interface Facts {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

interface Touched {
  /** The last layer that contained it, or something in it. */
  layer: number;
}

export interface DirectoryNode extends Touched {
  readonly kind: 'directory';
  facts: Facts;
  /** By name; each character stands for one byte. */
  readonly entries: Map<string, Node>;
  /** The last layer that removed everything of lower layers from it. */
  clearedBy?: number;
}
export interface FileNode extends Touched {
  readonly kind: 'file';
  facts: Facts;
  /** The number under which the content is stored; hard links have the same. */
  content: number;
  readonly size: number;
}
export interface LinkNode extends Touched {
  readonly kind: 'link';
  readonly facts: Facts;
  readonly target: string;
}
/** A device or FIFO, which is not made: the device of an archive would give access to that of this machine. */
export interface SpecialNode extends Touched {
  readonly kind: 'special';
  readonly facts: Facts;
}
export type Node = DirectoryNode | FileNode | LinkNode | SpecialNode;

/** How the entries of a layer are applied. */
export interface LayerRules {
  /** `.wh.NAME` removes NAME of the layers below, and `.wh..wh..opq` everything in its directory (OCI image-spec, layer.md). */
  readonly whiteouts: boolean;
  /** A directory does not replace a link to a directory (dpkg(1), as packages of distributions need it). */
  readonly keepDirectoryLinks: boolean;
}

/**
 * For comparison: a root of 2 GB has 72,000 files, whose paths have 5 million characters. The directories of all paths, and of
 * the links on their way, are steps: a million files ten directories deep take 20 million.
 */
const LIMITS = { entries: 1_000_000, characters: 64 * 1024 * 1024, steps: 400_000_000 };
/** Limits of Linux (limits.h, path_resolution(7)). */
const NAME_MAX = 255;
const PATH_MAX = 4096;
const MAX_LINKS = 40;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

const IMPLIED: Facts = { mode: 0o755, uid: 0, gid: 0, mtime: 0, attributes: new Map() };

/**
 * The tree that archives describe, in memory: nothing is written until all of them were read, so that no link or name of
 * an archive ever decides where something is written on this machine.
 */
export class StagedTree {
  readonly root: DirectoryNode = directory(IMPLIED, 0);
  readonly #limits: typeof LIMITS;
  #entries = 0;
  #characters = 0;
  #steps = 0;
  #layer = 0;
  #rules: LayerRules = { whiteouts: false, keepDirectoryLinks: false };

  constructor(limits: Partial<typeof LIMITS> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Begins a layer above all entries that were added before. */
  beginLayer(rules: LayerRules): void {
    this.#layer++;
    this.#rules = rules;
  }

  /**
   * Adds an entry of an archive. Throws `FlixError` `hostile-archive`.
   *
   * @param content the number under which the content of a file will be stored
   */
  add(entry: TarEntry, content: () => number): void {
    const names = plainNames(entry.name);
    this.#charge(entry.name.length);
    if (names.length === 0) {
      if (entry.type !== 'directory')
        throw hostile('it replaces its root by something else than a directory');
      this.root.facts = factsOf(entry);
      return;
    }
    const name = names.pop()!;
    if (this.#rules.whiteouts && name.startsWith(WHITEOUT)) {
      const below = this.#chain(names, false)?.at(-1);
      if (below) this.#whiteOut(below, name);
      return;
    }
    const above = this.#directory(names, entry.name);
    const present = above.entries.get(name);
    if (entry.type === 'directory' && present?.kind === 'directory') {
      present.facts = factsOf(entry);
      return this.#touch([...names, name]);
    }
    if (entry.type === 'directory' && this.#rules.keepDirectoryLinks && present?.kind === 'link')
      if (this.#lookUp([...names, name])?.kind === 'directory') return;
    const node = this.#nodeOf(entry, content);
    above.entries.set(name, node);
    this.#touch(names);
  }

  /** Adds a file, link or directory that comes from no archive, unless the name is taken. Returns whether it was added. */
  addMissing(path: string, node: Node): boolean {
    const names = plainNames(path);
    const name = names.pop()!;
    const above = this.#directory(names, path);
    if (above.entries.has(name)) return false;
    above.entries.set(name, node);
    return true;
  }

  newDirectory(facts: Facts = IMPLIED): DirectoryNode {
    return directory(facts, this.#layer);
  }

  newLink(target: string): LinkNode {
    return { kind: 'link', facts: { ...IMPLIED, mode: 0o777 }, layer: this.#layer, target };
  }

  remove(path: string): void {
    const names = plainNames(path);
    const name = names.pop();
    const above = this.#chain(names, false)?.at(-1);
    if (name !== undefined) above?.entries.delete(name);
  }

  /** Returns what a path leads to inside the tree, with all links followed; `undefined`: nothing, or a loop of links. */
  find(path: string): Node | undefined {
    return this.#lookUp(plainNames(path));
  }

  #nodeOf(entry: TarEntry, content: () => number): Node {
    const facts = factsOf(entry);
    const layer = this.#layer;
    switch (entry.type) {
      case 'file':
        return { kind: 'file', facts, layer, content: content(), size: entry.size };
      case 'link':
        if (entry.link === '' || entry.link.length >= PATH_MAX)
          throw hostile(`${shown(entry.name)} is a link to a path of ${entry.link.length} bytes`);
        refuseZero(entry.link);
        return { kind: 'link', facts, layer, target: entry.link };
      case 'directory':
        return directory(facts, layer);
      case 'special':
        return { kind: 'special', facts, layer };
      case 'hard-link': {
        const names = plainNames(entry.link);
        const name = names.pop();
        const above = this.#lookUp(names);
        const target =
          name !== undefined && above?.kind === 'directory' ? above.entries.get(name) : undefined;
        if (!target || target.kind === 'directory')
          throw hostile(`${shown(entry.name)} is a hard link to ${shown(entry.link)}, which is not in it`);
        return { ...target, layer };
      }
    }
  }

  /** Removes what the layers below have at a name, or in a directory; what this layer has added stays. */
  #whiteOut(above: DirectoryNode, name: string): void {
    const layer = this.#layer;
    if (name === OPAQUE) return removeBelow(above, layer);
    const hidden = name.slice(WHITEOUT.length);
    const present = above.entries.get(hidden);
    if (present && present.layer < layer) above.entries.delete(hidden);
    else if (present?.kind === 'directory') removeBelow(present, layer);
  }

  /** Returns the directory of these names, following links inside the tree; makes the directories that are missing. */
  #directory(names: readonly string[], given: string): DirectoryNode {
    const chain = this.#chain(names, true);
    if (chain) return chain.at(-1)!;
    throw hostile(`${shown(given)} lies behind a loop of links`);
  }

  /** Marks directories as touched by this layer. */
  #touch(names: readonly string[]): void {
    for (const node of this.#chain(names, true) ?? []) node.layer = this.#layer;
  }

  /**
   * Walks along names as the kernel does in a root directory: an absolute link starts again at the root, and `..` never
   * leaves it. Returns the directories on the way, the root first; `undefined` for a loop, or what is missing.
   */
  #chain(names: readonly string[], make: boolean): DirectoryNode[] | undefined {
    const todo = [...names].reverse();
    let chain = [this.root];
    let links = 0;
    while (todo.length > 0) {
      if (++this.#steps > this.#limits.steps)
        throw hostile('its links and directories take too long to follow');
      const name = todo.pop()!;
      const here = chain.at(-1)!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (chain.length > 1) chain.pop();
        continue;
      }
      let next = here.entries.get(name);
      if (next?.kind === 'link') {
        if (++links > MAX_LINKS) return undefined;
        if (next.target.startsWith('/')) chain = [this.root];
        todo.push(...next.target.split('/').reverse());
        continue;
      }
      if (next?.kind !== 'directory') {
        if (!make) return undefined;
        if (name.length > NAME_MAX) throw hostile(`a name has ${name.length} bytes`);
        this.#charge(0);
        next = directory(IMPLIED, this.#layer);
        here.entries.set(name, next);
      }
      chain.push(next);
    }
    return chain;
  }

  #lookUp(names: readonly string[]): Node | undefined {
    const rest = [...names];
    const name = rest.pop();
    if (name === undefined) return this.root;
    const above = this.#chain(rest, false)?.at(-1);
    const found = above?.entries.get(name);
    if (found?.kind !== 'link') return found;
    return this.#chain(names, false)?.at(-1) ?? this.#fileBehind(names);
  }

  /** Follows links that lead to a file. */
  #fileBehind(names: readonly string[]): Node | undefined {
    let path = [...names];
    for (let links = 0; links <= MAX_LINKS; links++) {
      const name = path.pop();
      const chain = this.#chain(path, false);
      if (name === undefined || !chain) return undefined;
      const found = chain.at(-1)!.entries.get(name);
      if (found?.kind !== 'link') return found;
      path = [...(found.target.startsWith('/') ? [] : path), ...found.target.split('/').filter(Boolean)];
    }
    return undefined;
  }

  /** Throws `FlixError` `hostile-archive` if there are too many entries, which would not fit into memory. */
  #charge(length: number): void {
    const { entries, characters } = this.#limits;
    this.#characters += length;
    if (++this.#entries > entries) throw hostile(`it contains more than ${entries} files`);
    if (this.#characters > characters)
      throw hostile(`the names in it have more than ${characters} characters`);
  }
}

/** Walks each directory once for each layer: a hostile one may ask for it at every entry. */
function removeBelow(node: DirectoryNode, layer: number): void {
  if (node.clearedBy === layer) return;
  node.clearedBy = layer;
  for (const [name, entry] of node.entries) {
    if (entry.layer < layer) node.entries.delete(name);
    else if (entry.kind === 'directory') removeBelow(entry, layer);
  }
}

function directory(facts: Facts = IMPLIED, layer = 0): DirectoryNode {
  return { kind: 'directory', facts, layer, entries: new Map() };
}

function factsOf({ mode, uid, gid, mtime, attributes }: TarEntry): Facts {
  return { mode, uid, gid, mtime, attributes };
}

/**
 * Splits a name into its components. Leading slashes and `.` are dropped, as every tar does. Throws `FlixError`
 * `hostile-archive` for a name with `..`.
 */
function plainNames(name: string): string[] {
  const names = name.split('/').filter(part => part !== '' && part !== '.');
  if (names.includes('..')) throw hostile(`the name ${shown(name)} leads out of it`);
  const long = names.find(part => part.length > NAME_MAX);
  if (long !== undefined) throw hostile(`a name has ${long.length} bytes, but ${NAME_MAX} are possible`);
  if (name.length >= PATH_MAX) throw hostile(`a path has ${name.length} bytes`);
  refuseZero(name);
  return names;
}

/** No path contains a zero byte, but an extended header may. */
function refuseZero(path: string): void {
  if (path.includes('\0')) throw hostile(`the path ${JSON.stringify(shown(path))} contains a zero byte`);
}

/** Shows a name with its bytes decoded. */
export function shown(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

export function hostile(why: string): FlixError {
  return new FlixError('input', 'hostile-archive', `the archive must not be unpacked: ${why}`);
}
