/** Sets of 32-bit numbers as text: sorted, as differences, seven bits per byte (LEB128), in base64. */

export function pack(numbers: Iterable<number>): string {
  const bytes: number[] = [];
  let last = 0;
  for (const number of Uint32Array.from(numbers).sort()) {
    let rest = number - last;
    last = number;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
  }
  return Buffer.from(bytes).toString('base64');
}

export function unpack(text: string): Uint32Array {
  const numbers: number[] = [];
  let [last, value, factor] = [0, 0, 1];
  for (const byte of Buffer.from(text, 'base64')) {
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte & 0x80) continue;
    last += value;
    numbers.push(last);
    [value, factor] = [0, 1];
  }
  return Uint32Array.from(numbers);
}

/** Returns whether a sorted set contains a number. */
export function holds(set: Uint32Array, number: number): boolean {
  let [low, high] = [0, set.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return set[low] === number;
}

/** Computes 32-bit FNV-1a with the finaliser of MurmurHash3. In the hash of DT_GNU_HASH, similar names collide. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
