/** Both classes, each in both byte orders. */
export const kinds = ([32, 64] as const).flatMap(bits =>
  (['little', 'big'] as const).map(endian => ({ class: bits, endian })),
);

/** Returns a copy with other bytes at one offset. */
export function patched(bytes: Uint8Array, at: number, value: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(value, at);
  return copy;
}
