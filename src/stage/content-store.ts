import fs from 'node:fs';
import path from 'node:path';
import type { Body } from './tar-reader.ts';
import type { DirectoryNode, Facts, FileNode, StagedTree } from './staged-tree.ts';

/** Encodes a path. Each of its characters stands for one byte, because names need not be UTF-8. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const isRoot = process.getuid?.() === 0;

/**
 * Returns the mode that a file gets on this machine. No file gets a setuid or setgid bit: every user of this machine could
 * run it, with the rights of whoever staged the root. A user other than root must be able to read what he has staged.
 */
function modeOnDisk({ mode }: Facts, isDirectory: boolean): number {
  const plain = mode & (isDirectory ? 0o1777 : 0o777);
  return isRoot ? plain : plain | needed(isDirectory);
}

function needed(isDirectory: boolean): number {
  return isDirectory ? 0o700 : 0o400;
}

/** Whether the record must keep a mode, because a staged file has another one, at least if not root staged it. */
export function modeNeedsRecord(mode: number, isDirectory: boolean): boolean {
  return (mode & 0o6000) !== 0 || (mode & needed(isDirectory)) !== needed(isDirectory);
}

/** The contents of files, stored under numbers until their places are known. */
export class ContentStore {
  readonly #directory: string;
  #count = 0;
  /** In bytes, without holes. */
  written = 0;

  /** @param directory an empty one, on the file system of the root */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Returns the number of the next content. */
  next(): number {
    return this.#count;
  }

  /** Returns what stores the next content. */
  open(facts: Facts, size: number): Body {
    const descriptor = fs.openSync(this.#place(this.#count++), 'wx', 0o600);
    let end = 0;
    return {
      write: (piece, at) => {
        for (let done = 0; done < piece.length;)
          done += fs.writeSync(descriptor, piece, done, piece.length - done, at + done);
        end = Math.max(end, at + piece.length);
        this.written += piece.length;
      },
      end: () => {
        if (size > end) fs.ftruncateSync(descriptor, size);
        if (isRoot && (facts.uid !== 0 || facts.gid !== 0)) fs.fchownSync(descriptor, facts.uid, facts.gid);
        fs.fchmodSync(descriptor, modeOnDisk(facts, false));
        fs.futimesSync(descriptor, facts.mtime, facts.mtime);
        fs.closeSync(descriptor);
      },
    };
  }

  /** Stores the content of a file that flix writes. Returns its number. */
  add(facts: Facts, content: string | Uint8Array): number {
    const bytes = Buffer.from(content as string);
    const number = this.#count;
    const body = this.open(facts, bytes.length);
    body.write(bytes, 0);
    body.end();
    return number;
  }

  /** Returns the bytes of a content. */
  read(number: number): Buffer {
    return fs.readFileSync(this.#place(number));
  }

  /** Writes a tree into an empty directory, and moves the contents there from the store. */
  writeTree(tree: StagedTree, directory: string): void {
    this.#writeEntries(tree.root, Buffer.from(directory).toString('latin1'), new Map());
    setFacts(Buffer.from(directory), tree.root.facts, modeOnDisk(tree.root.facts, true));
  }

  #writeEntries({ entries }: DirectoryNode, directory: string, placed: Map<number, Buffer>): void {
    for (const [name, entry] of entries) {
      const inside = `${directory}/${name}`;
      const place = bytesOf(inside);
      switch (entry.kind) {
        case 'directory':
          fs.mkdirSync(place, 0o700);
          this.#writeEntries(entry, inside, placed);
          setFacts(place, entry.facts, modeOnDisk(entry.facts, true));
          break;
        case 'file':
          this.#placeFile(entry, place, placed);
          break;
        case 'link':
          fs.symlinkSync(bytesOf(entry.target), place);
          setFacts(place, entry.facts, undefined);
      }
    }
  }

  #placeFile({ content }: FileNode, place: Buffer, placed: Map<number, Buffer>): void {
    const first = placed.get(content);
    if (first) fs.linkSync(first, place);
    else {
      fs.renameSync(this.#place(content), place);
      placed.set(content, place);
    }
  }

  #place(number: number): string {
    return path.join(this.#directory, String(number));
  }
}

function setFacts(place: Buffer, { uid, gid, mtime }: Facts, mode: number | undefined): void {
  if (isRoot && (uid !== 0 || gid !== 0)) fs.lchownSync(place, uid, gid);
  if (mode !== undefined) fs.chmodSync(place, mode);
  fs.lutimesSync(place, mtime, mtime);
}
