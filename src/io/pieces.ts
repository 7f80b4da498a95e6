import fs from 'node:fs/promises';

const PIECE = 1024 * 1024;

/**
 * A file of this machine, piece by piece in one buffer, which holds a piece until the next is asked for: memory that
 * is allocated anew for each costs more than the reading.
 */
export async function* readPieces(file: string): AsyncGenerator<Uint8Array> {
  const handle = await fs.open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
