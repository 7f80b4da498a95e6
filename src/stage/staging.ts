import { createHash } from 'node:crypto';
import type { ContentStore } from './content-store.ts';
import { decompressed } from './decompress.ts';
import { type Facts, type LayerRules, StagedTree } from './staged-tree.ts';
import { badArchive } from './tar-entry.ts';
import { readTar, type TarSink } from './tar-reader.ts';

type Pieces = AsyncIterable<Uint8Array>;

/** A root that is being staged: its tree, and the contents of its files. */
export class Staging {
  readonly tree = new StagedTree();
  readonly store: ContentStore;

  constructor(store: ContentStore) {
    this.store = store;
  }

  /** Adds the entries of an archive, which may be compressed, above all that were added before. Throws `FlixError`. */
  async addLayer(pieces: Pieces, rules: LayerRules): Promise<void> {
    await readTar(decompressed(pieces), this.layer(rules));
  }

  /** Begins a layer above all that were added before. Returns what adds the entries of its archive. */
  layer(rules: LayerRules): TarSink {
    const { store, tree } = this;
    tree.beginLayer(rules);
    return entry => {
      const number = store.next();
      let isStored = false;
      tree.add(entry, () => {
        isStored = true;
        return number;
      });
      return isStored ? store.open(entry, entry.size) : undefined;
    };
  }

  /** Adds a file that comes from no archive, unless its path is taken. Returns whether it was added. */
  addFile(path: string, content: string | Uint8Array, facts: Partial<Facts>): boolean {
    if (this.tree.find(path)) return false;
    const all = { ...OWN, ...facts };
    const number = this.store.add(all, content);
    return this.tree.addMissing(path, {
      kind: 'file',
      facts: all,
      layer: 0,
      content: number,
      size: Buffer.byteLength(content),
    });
  }

  replaceFile(path: string, content: string): void {
    this.tree.remove(path);
    this.addFile(path, content, {});
  }

  addLink(path: string, target: string): boolean {
    return this.tree.addMissing(path, this.tree.newLink(target));
  }

  addDirectory(path: string, facts: Partial<Facts>): boolean {
    return this.tree.addMissing(path, this.tree.newDirectory({ ...OWN, mode: 0o755, ...facts }));
  }

  /** Changes the mode and owner of a directory, or of a file that is not too large. Returns whether it did. */
  setFacts(path: string, facts: Facts): boolean {
    const node = this.tree.find(path);
    if (node?.kind === 'directory') {
      node.facts = facts;
      return true;
    }
    if (node?.kind !== 'file' || node.size > MAX_READ) return false;
    node.content = this.store.add(facts, this.store.read(node.content));
    node.facts = facts;
    return true;
  }

  /** Returns the bytes of a file; `undefined`: the path leads to no file, or one that is too large. */
  readFile(path: string): Buffer | undefined {
    const node = this.tree.find(path);
    return node?.kind === 'file' && node.size <= MAX_READ ? this.store.read(node.content) : undefined;
  }

  /** The files below a directory that no link leads to, by path in C order. */
  filesBelow(path: string): string[] {
    const node = this.tree.find(path);
    if (node?.kind === 'file') return [path];
    if (node?.kind !== 'directory') return [];
    return [...node.entries]
      .filter(([, { kind }]) => kind === 'file' || kind === 'directory')
      .map(([name]) => name)
      .sort()
      .flatMap(name => this.filesBelow(`${path}/${name}`));
  }
}

/** The facts of files that flix makes. */
const OWN: Facts = { mode: 0o644, uid: 0, gid: 0, mtime: 0, attributes: new Map() };
const MAX_READ = 16 * 1024 * 1024;

/** An archive that is not a layer has no whiteouts: a file may be called `.wh.x`. */
export const ARCHIVE: LayerRules = { whiteouts: false, keepDirectoryLinks: false };
export const IMAGE_LAYER: LayerRules = { whiteouts: true, keepDirectoryLinks: false };
export const PACKAGE: LayerRules = { whiteouts: false, keepDirectoryLinks: true };

/** Computes the digest of a stream while others read it. */
export class PassingDigest {
  readonly #hash = createHash('sha256');
  #digest: string | undefined;

  /** Yields the same pieces. */
  async *of(pieces: Pieces): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.#hash.update(piece);
      yield piece;
    }
    this.#digest = `sha256:${this.#hash.digest('hex')}`;
  }

  /** Set after the last piece. */
  get digest(): string | undefined {
    return this.#digest;
  }
}

/** Yields pieces, and throws `FlixError` `bad-archive` after the last one if they do not have the digest. */
export async function* verified(pieces: Pieces, digest: string, what: string): AsyncGenerator<Uint8Array> {
  const [algorithm, expected] = digest.split(':') as [string, string];
  const hash = createHash(algorithm);
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== expected) throw badArchive(`${what} does not have the digest ${digest}`);
}
