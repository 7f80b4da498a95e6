/** What an image says of itself besides its files; a directory says nothing of it. */
export interface ImageFacts {
  /** As it was named. */
  readonly path: string;
  /** What makes sure of its content: nothing, a hash tree, or one whose root hash is signed. */
  readonly protection: 'unprotected' | 'verity' | 'signed';
  /** The root hash is given apart, in `NAME.roothash` beside the image. */
  readonly hasRootHash: boolean;
  /** SHA-256 of the certificate that signed it, hexadecimal. */
  readonly signer: string | undefined;
  /** Where systemd mounts its file systems. */
  readonly partitions: readonly ('root' | 'usr')[];
  /** Its files bear SELinux labels. */
  readonly labelled: boolean;
}
