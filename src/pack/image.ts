import type { Compression, Format } from './format.ts';
import type { ImageType } from '../systemd/image-type.ts';

/** A file that was written beside an image. */
export interface BesideImage {
  readonly role: 'roothash' | 'verity' | 'signature' | 'manifest';
  /** Absolute. */
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A finished image, in its place. */
export interface PackedImage {
  /** Of the extension. */
  readonly name: string;
  readonly type: ImageType;
  /** Of the image; `undefined`: none was given. */
  readonly version: string | undefined;
  /** In systemd's spelling; `undefined`: nothing in the tree decides it. */
  readonly architecture: string | undefined;
  /** Absolute. */
  readonly path: string;
  readonly format: Format;
  readonly compression: Compression;
  /** The oldest Linux that reads it. */
  readonly kernel: string;
  /** In bytes; of a directory, of all of its files. */
  readonly size: number;
  /** Hexadecimal, as in the SHA256SUMS beside it; `undefined`: it is a directory. */
  readonly sha256: string | undefined;
  /** Of the file system; `undefined`: it has none. */
  readonly uuid: string | undefined;
  /** Of dm-verity, hexadecimal; `undefined`: the image has no hash tree. */
  readonly rootHash: string | undefined;
  /** SHA-256 of the certificate in DER, hexadecimal; `undefined`: the root hash is not signed. */
  readonly certificate: string | undefined;
  /** The release file as it is in the image; `undefined`: a portable service has none. */
  readonly release: string | undefined;
  /** The release file counts whatever the file is called. */
  readonly anyName: boolean;
  /** The image carries SELinux labels. */
  readonly labelled: boolean;
  readonly beside: readonly BesideImage[];
  /** What made it, in order. */
  readonly tools: readonly { readonly name: string; readonly version: string | undefined }[];
}
