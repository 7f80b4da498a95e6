/**
 * TypeScript gives `Uint8Array.slice` a narrower return type than the `Buffer` of Node 18.19's types has, so that no
 * `Buffer` would count as a `Uint8Array`.
 */
interface Buffer {
  slice(start?: number, end?: number): Buffer & Uint8Array<ArrayBuffer>;
}
