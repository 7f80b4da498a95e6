import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { outputOf } from '../io/piece-stream.ts';
import { badArchive } from './tar-entry.ts';
import { hostile } from './staged-tree.ts';

type Pieces = AsyncIterable<Uint8Array>;

interface Compression {
  readonly magic: readonly number[];
  readonly open: (pieces: Pieces) => Pieces;
}

const COMPRESSIONS: readonly Compression[] = [
  { magic: [0x1f, 0x8b], open: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], open: pieces => outputOf('zstd', ['-dcq'], pieces) },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], open: pieces => outputOf('xz', ['-dcq'], pieces) },
  { magic: [0x42, 0x5a, 0x68], open: pieces => outputOf('bzip2', ['-dcq'], pieces) },
];

/** How many times its own size an archive may unpack to. Text compresses to a twentieth, zeros to a thousandth. */
const MAX_RATIO = 200;
const ALWAYS_FINE = 1024 ** 3;

/**
 * Yields the bytes of an archive, decompressed if its first bytes are those of gzip, zstd, xz or bzip2. Throws `FlixError`:
 * `hostile-archive` if it unpacks to far more than real archives do; `bad-archive`.
 */
export async function* decompressed(source: Pieces): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const start: Buffer[] = [];
  let known = 0;
  let read = 0;
  while (known < 6) {
    const { done, value } = (await iterator.next()) as IteratorResult<Uint8Array, undefined>;
    if (done) break;
    start.push(Buffer.from(value)); // the source may reuse its buffer
    known += value.length;
  }
  const first = Buffer.concat(start);
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    try {
      read += first.length;
      yield first;
      for (;;) {
        const { done, value } = (await iterator.next()) as IteratorResult<Uint8Array, undefined>;
        if (done) return;
        read += value.length;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  const compression = COMPRESSIONS.find(({ magic }) => magic.every((byte, at) => first[at] === byte));
  if (!compression) return yield* counted();
  let written = 0;
  for await (const piece of compression.open(copied(counted()))) {
    written += piece.length;
    if (written > ALWAYS_FINE && written > read * MAX_RATIO)
      throw hostile(`it unpacks to more than ${MAX_RATIO} times its own size`);
    yield piece;
  }
}

/** Copies each piece, because streams keep pieces while the source reuses its buffer. */
async function* copied(pieces: Pieces): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

async function* gunzip(pieces: Pieces): AsyncGenerator<Uint8Array> {
  const source = Readable.from(pieces, { objectMode: false });
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  source.on('error', error => unzip.destroy(error));
  try {
    for await (const piece of source.pipe(unzip)) yield piece as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') ? badArchive(`gzip: ${message}`) : error;
  } finally {
    source.destroy();
  }
}
