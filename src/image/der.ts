/** One element of DER (X.690): its tag, its content, and all of it. */
export interface Der {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

export const TAG = { integer: 0x02, octets: 0x04, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;

/** The elements of a buffer, one after the other. `undefined`: it is not made of whole elements. */
export function derElements(bytes: Buffer): Der[] | undefined {
  const elements: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    if (!element) return undefined;
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The elements of a sequence or set with this tag; an empty list, if it is another. */
export function derChildren(element: Der | undefined, tag: number): readonly Der[] {
  return element?.tag === tag ? (derElements(element.content) ?? []) : [];
}

function elementAt(bytes: Buffer, at: number): Der | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 4 || first === 0x80 || at + 2 + count > bytes.length) return undefined;
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count);
  // DER has one way to write a length: the shortest
  if (count > 0 && length < (count === 1 ? 0x80 : 2 ** (8 * (count - 1)))) return undefined;
  const start = at + 2 + count;
  if (start + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}
