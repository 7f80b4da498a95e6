import type { Compression, Format } from './format.ts';

/** A finished image, in its place. */
export interface PackedImage {
  /** Of the extension. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly format: Format;
  readonly compression: Compression;
  /** In bytes. */
  readonly size: number;
  /** Hexadecimal, as in the SHA256SUMS beside it. */
  readonly sha256: string;
  /** Derived from the content of the tree; squashfs has none. */
  readonly uuid: string | undefined;
  /** What made it. */
  readonly tool: { readonly name: string; readonly version: string | undefined };
}
