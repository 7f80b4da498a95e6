/** What the manifest of a tree says of its files. */
export interface Promises {
  /** Where the manifest is. */
  readonly manifest: string;
  readonly files: readonly PromisedFile[];
  /** Loaders of which it says that they are sealed, and what of each it says stays open nevertheless. */
  readonly sealed: readonly { readonly loader: string; readonly open: readonly string[] }[];
}

export interface PromisedFile {
  readonly path: string;
  /** Of its content; `undefined`: it is a link. */
  readonly sha256: string | undefined;
  /** The text of the link. */
  readonly link: string | undefined;
}
