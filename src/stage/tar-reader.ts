import { asBuffer } from '../elf/bytes.ts';
import {
  badArchive,
  BLOCK,
  checkExtents,
  decimal,
  type Extent,
  type Header,
  listedExtents,
  MAX_EXTENTS,
  oldExtents,
  oldRealSize,
  paxRecords,
  readHeader,
  type TarEntry,
} from './tar-entry.ts';

/** Receives the content of a file in pieces. */
export interface Body {
  /** @param piece valid only during the call @param at where it belongs in the file */
  write(piece: Uint8Array, at: number): void;
  end(): void;
}

/** Receives each entry, and returns the receiver of its content; `undefined`: skip it. @param at where the content starts in the archive */
export type TarSink = (entry: TarEntry, at: number) => Body | undefined;

/** In bytes. GNU tar and Go refuse longer extended headers too, which would fill the memory. */
const MAX_META = 1024 * 1024;
/** The keys of global extended headers; git writes one. */
const MAX_GLOBAL = 1000;
const XATTR = 'SCHILY.xattr.';
const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  0: 'file',
  7: 'file', // contiguous
  1: 'hard-link',
  2: 'link',
  3: 'special',
  4: 'special',
  5: 'directory',
  6: 'special',
  S: 'file',
};

/**
 * Reads an archive of any of the formats v7, ustar, pax and GNU, with long names and sparse files. Never holds more than a
 * header in memory. Throws `FlixError` `bad-archive`, and what the sink throws.
 */
export async function readTar(pieces: AsyncIterable<Uint8Array>, sink: TarSink): Promise<void> {
  await parse(new TarParser(sink), pieces);
}

/** Reads archives that follow each other; none may be empty. @param begin called at the first header of each */
export async function readTars(pieces: AsyncIterable<Uint8Array>, begin: () => TarSink): Promise<void> {
  await parse(new TarParser(undefined, begin), pieces);
}

async function parse(parser: TarParser, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) parser.push(asBuffer(piece));
  parser.finish();
}

/** Waits for a number of bytes, which decide the next state. */
interface Collecting {
  readonly kind: 'collect';
  readonly length: number;
  readonly take: (bytes: Buffer) => State;
}
interface Content {
  readonly kind: 'content';
  readonly body: Body | undefined;
  readonly extents: readonly Extent[];
  readonly stored: number;
  /** How much of it was read. */
  done: number;
  extent: number;
  inExtent: number;
}
interface End {
  readonly kind: 'end';
}
type State = Collecting | Content | End;

class TarParser {
  #sink: TarSink | undefined;
  /** Begins an archive after the end of another; `undefined`: there is only one. */
  readonly #begin: (() => TarSink) | undefined;
  readonly #global = new Map<string, string>();
  #state: State;
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #at = 0;
  #zeros = 0;
  #pax: [string, string][] = [];
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(sink: TarSink | undefined, begin?: () => TarSink) {
    this.#sink = sink;
    this.#begin = begin;
    this.#state = begin ? this.#between(begin) : this.#header();
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const state = this.#state;
      if (state.kind === 'end') return;
      if (state.kind === 'content') {
        const taken = Math.min(chunk.length - at, state.stored - state.done);
        writeContent(state, chunk.subarray(at, at + taken));
        at += taken;
        this.#at += taken;
        if (state.done === state.stored) this.#state = this.#afterContent(state);
        continue;
      }
      const missing = state.length - this.#pendingLength;
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      this.#at += piece.length;
      if (piece.length < missing) {
        this.#pending.push(Buffer.from(piece)); // the source may reuse its buffer
        this.#pendingLength += piece.length;
        continue;
      }
      const bytes = this.#pendingLength === 0 ? piece : Buffer.concat([...this.#pending, piece]);
      this.#pending = [];
      this.#pendingLength = 0;
      this.#state = this.#settled(state.take(bytes));
    }
  }

  /** Throws `FlixError` `bad-archive` if the archive ends too early. */
  finish(): void {
    const state = this.#state;
    if (state.kind === 'end') return;
    const isBetween = state.kind === 'collect' && state.length === BLOCK && this.#pendingLength === 0;
    if (!isBetween || this.#at === 0) throw badArchive('it ends too early');
  }

  /** Skips states that need no bytes. */
  #settled(state: State): State {
    let next = state;
    while (
      (next.kind === 'content' && next.stored === next.done) ||
      (next.kind === 'collect' && next.length === 0)
    )
      next = next.kind === 'content' ? this.#afterContent(next) : next.take(Buffer.alloc(0));
    return next;
  }

  #header(): State {
    return { kind: 'collect', length: BLOCK, take: block => this.#entry(block) };
  }

  /** Skips the zeros that fill the last record of an archive, until the next one begins. */
  #between(begin: () => TarSink): State {
    const take = (block: Buffer): State => {
      if (isZero(block)) return { kind: 'collect', length: BLOCK, take };
      this.#sink = begin();
      this.#global.clear();
      return this.#entry(block);
    };
    return { kind: 'collect', length: BLOCK, take };
  }

  /** Collects what follows a header, with its padding. */
  #collect(size: number, take: (bytes: Buffer) => State): State {
    if (size > MAX_META) throw badArchive(`an extended header has ${size} bytes`);
    const length = Math.ceil(size / BLOCK) * BLOCK;
    return { kind: 'collect', length, take: bytes => take(bytes.subarray(0, size)) };
  }

  #entry(block: Buffer): State {
    if (isZero(block)) {
      if (++this.#zeros < 2) return this.#header();
      return this.#begin ? this.#between(this.#begin) : { kind: 'end' };
    }
    this.#zeros = 0;
    const header = readHeader(block, this.#at - BLOCK);
    switch (header.type) {
      case 'x':
      case 'X': // of Solaris
        return this.#collect(header.size, bytes => {
          this.#pax = paxRecords(bytes);
          return this.#header();
        });
      case 'g':
        return this.#collect(header.size, bytes => {
          for (const [key, value] of paxRecords(bytes)) this.#global.set(key, value);
          if (this.#global.size > MAX_GLOBAL) throw badArchive('it has too many global extended headers');
          return this.#header();
        });
      case 'L':
        return this.#collect(header.size, bytes => {
          this.#longName = bytes.toString('latin1').replace(/\0.*$/s, '');
          return this.#header();
        });
      case 'K':
        return this.#collect(header.size, bytes => {
          this.#longLink = bytes.toString('latin1').replace(/\0.*$/s, '');
          return this.#header();
        });
      case 'V': // the label of a volume
        return content(undefined, [], header.size);
      case 'S': {
        const extents = oldExtents(block, 386, 4);
        return block[482] === 0
          ? this.#file(header, oldRealSize(block), extents)
          : this.#moreExtents(header, oldRealSize(block), extents);
      }
      default:
        return this.#file(header);
    }
  }

  #moreExtents(header: Header, realSize: number, known: Extent[]): State {
    return this.#collect(BLOCK, block => {
      for (const extent of oldExtents(block, 0, 21)) known.push(extent);
      if (known.length > MAX_EXTENTS) throw badArchive('a sparse file has too many parts');
      return block[504] === 0
        ? this.#file(header, realSize, known)
        : this.#moreExtents(header, realSize, known);
    });
  }

  /** @param realSize and `extents` of a sparse file of the old GNU format */
  #file(header: Header, realSize?: number, extents?: readonly Extent[]): State {
    const records = [...this.#global, ...this.#pax].filter(([, value]) => value !== '');
    const values = new Map(records);
    const type = TYPES[header.type];
    if (type === undefined)
      throw badArchive(`it contains an entry of the unknown type ${JSON.stringify(header.type)}`);
    const size = values.has('size') ? decimal(values.get('size')!) : header.size;
    const stored = type === 'file' ? size : 0; // as Go and Docker: the other types have no content
    const name = values.get('GNU.sparse.name') ?? values.get('path') ?? this.#longName ?? header.name;
    const sparseSize = values.get('GNU.sparse.realsize') ?? values.get('GNU.sparse.size');
    const isOldDirectory = type === 'file' && name.endsWith('/');
    const entry: TarEntry = {
      type: isOldDirectory ? 'directory' : type,
      name,
      link: values.get('linkpath') ?? this.#longLink ?? header.link,
      mode: (header.mode || 0) & 0o7777,
      uid: owner(numberOf(values.get('uid')) ?? (header.uid || 0)),
      gid: owner(numberOf(values.get('gid')) ?? (header.gid || 0)),
      mtime: numberOf(values.get('mtime')) ?? (header.mtime || 0),
      size: realSize ?? (sparseSize === undefined ? stored : decimal(sparseSize)),
      attributes: attributesIn(records),
    };
    const pax = this.#pax;
    [this.#pax, this.#longName, this.#longLink] = [[], undefined, undefined];
    if (values.get('GNU.sparse.major') === '1') return this.#embeddedMap(entry, stored);
    const listed = extents ?? extentsOf(pax, values) ?? [{ at: 0, length: stored }];
    checkExtents(listed, entry.size, stored);
    return content(this.#sink!(entry, this.#at), listed, stored);
  }

  /** Reads the map of the format PAX 1.0, which precedes the content: decimal numbers in lines, in whole blocks. */
  #embeddedMap(entry: TarEntry, stored: number): State {
    const numbers: number[] = [];
    let read = 0;
    let line = '';
    const step = (block: Buffer): State => {
      read += BLOCK;
      for (const byte of block) {
        if (byte !== 0x0a) {
          line += String.fromCharCode(byte);
          continue;
        }
        numbers.push(decimal(line));
        line = '';
        if (numbers.length === 1 + 2 * numbers[0]!) {
          const extents = listedExtents(numbers.slice(1).map(String));
          checkExtents(extents, entry.size, stored - read);
          return content(this.#sink!(entry, this.#at), extents, stored - read);
        }
      }
      if (read >= stored || line.length > 20 || numbers.length > 2 * MAX_EXTENTS)
        throw badArchive('the map of a sparse file is damaged');
      return { kind: 'collect', length: BLOCK, take: step };
    };
    return { kind: 'collect', length: BLOCK, take: step };
  }

  #afterContent({ body, stored }: Content): State {
    body?.end();
    return { kind: 'collect', length: (BLOCK - (stored % BLOCK)) % BLOCK, take: () => this.#header() };
  }
}

function isZero(block: Buffer): boolean {
  return block.every(byte => byte === 0);
}

function content(body: Body | undefined, extents: readonly Extent[], stored: number): Content {
  return { kind: 'content', body, extents, stored, done: 0, extent: 0, inExtent: 0 };
}

function writeContent(state: Content, bytes: Buffer): void {
  state.done += bytes.length;
  for (let at = 0; at < bytes.length && state.body;) {
    const { at: start, length } = state.extents[state.extent]!;
    const piece = bytes.subarray(at, at + length - state.inExtent);
    if (piece.length > 0) state.body.write(piece, start + state.inExtent);
    at += piece.length;
    state.inExtent += piece.length;
    if (state.inExtent === length) [state.extent, state.inExtent] = [state.extent + 1, 0];
  }
}

/** Shared, because an archive may have a million entries. */
const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

function attributesIn(records: readonly (readonly [string, string])[]): ReadonlyMap<string, Buffer> {
  const found = records.filter(([key]) => key.startsWith(XATTR));
  if (found.length === 0) return NO_ATTRIBUTES;
  return new Map(found.map(([key, value]) => [key.slice(XATTR.length), Buffer.from(value, 'latin1')]));
}

/** The map of the formats PAX 0.0 and 0.1; `undefined`: the file is not sparse. */
function extentsOf(pax: readonly (readonly [string, string])[], values: ReadonlyMap<string, string>) {
  const map = values.get('GNU.sparse.map');
  if (map !== undefined) return listedExtents(map.split(','));
  if (!values.has('GNU.sparse.numblocks')) return undefined;
  const numbers = pax.filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes');
  return listedExtents(numbers.map(([, value]) => value));
}

/** Checks a number of a user or group. 2^32 - 1 means “no change” to chown(2). */
function owner(id: number): number {
  if (Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1) return id;
  throw badArchive(`${id} is not the number of a user or group`);
}

/** Times may have a fraction. */
function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,16}(?:\.\d*)?$/.test(text) ? Number(text) : undefined;
}
