import type { Compression, Format } from './format.ts';
import type { ImageType } from '../systemd/image-type.ts';

/** A file written beside an image. */
export interface BesideImage {
  readonly role: 'roothash' | 'verity' | 'signature' | 'manifest';
  /** Absolute. */
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A finished image in its place. */
export interface PackedImage {
  /** Of the extension. */
  readonly name: string;
  readonly type: ImageType;
  /** Of the image; `undefined`: not given. */
  readonly version: string | undefined;
  /** As systemd spells it; `undefined`: nothing in the tree determines it. */
  readonly architecture: string | undefined;
  /** Absolute. */
  readonly path: string;
  readonly format: Format;
  readonly compression: Compression;
  /** The oldest Linux that can read the image. */
  readonly kernel: string;
  /** In bytes; for a directory, the sum over its files. */
  readonly size: number;
  /** Hexadecimal, as in the SHA256SUMS beside the image; `undefined`: the image is a directory. */
  readonly sha256: string | undefined;
  /** Of the file system; `undefined`: the format has none. */
  readonly uuid: string | undefined;
  /** The root hash of dm-verity, hexadecimal; `undefined`: there is no hash tree. */
  readonly rootHash: string | undefined;
  /** SHA-256 of the certificate in DER, hexadecimal; `undefined`: the root hash is not signed. */
  readonly certificate: string | undefined;
  /** The text of the release file in the image; `undefined`: a portable service has none. */
  readonly release: string | undefined;
  /** The release file counts whatever the image is called. */
  readonly anyName: boolean;
  /** The files in the image have SELinux labels. */
  readonly labelled: boolean;
  readonly beside: readonly BesideImage[];
  /** The tools that made the image, in the order in which they ran. */
  readonly tools: readonly { readonly name: string; readonly version: string | undefined }[];
}
