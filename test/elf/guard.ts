import { bytesReader, type Reader } from '../../src/elf/reader.ts';

/** Returns a reader that fails the test if the parser reads outside the file. */
export function guarded(bytes: Uint8Array): Reader {
  const inner = bytesReader(bytes);
  return {
    size: inner.size,
    read(offset, length) {
      const sane = [offset, length].every(value => Number.isSafeInteger(value) && value >= 0);
      if (!sane || offset + length > inner.size)
        throw new RangeError(`read of ${length} bytes at ${offset} of ${inner.size}`);
      steps += length;
      return inner.read(offset, length);
    },
  };
}

let steps = 0;

/** The methods with which the parsers look at bytes that they have read. */
const LOOKS = [
  ...(['getUint8', 'getUint16', 'getUint32', 'getBigUint64'] as const).map(
    name => [DataView.prototype, name, () => 1] as const,
  ),
  [
    Buffer.prototype,
    'indexOf',
    (bytes: Buffer, from: unknown, found: unknown) => scanned(bytes, from, found),
  ],
] as const;

/** How far a search for a byte or a text went. */
function scanned(bytes: Buffer, from: unknown, found: unknown): number {
  const start = typeof from === 'number' ? from : 0;
  return Math.max(1, (typeof found === 'number' && found >= 0 ? found : bytes.length) - start);
}

/**
 * Counts what code does with a file, whatever the speed of the machine is: the bytes that it reads through `guarded` and that
 * it searches, and the integers that it takes from them.
 */
export function countSteps(code: () => void): number {
  steps = 0;
  const restore = LOOKS.map(([prototype, name, cost]) => {
    const methods = prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const original = methods[name]!;
    methods[name] = function (this: Buffer, ...args: unknown[]) {
      const result = original.apply(this, args);
      steps += cost(this, args[1], result);
      return result;
    };
    return () => (methods[name] = original);
  });
  try {
    code();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}
