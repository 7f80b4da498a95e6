/** What a file was and what it became. */
export interface Digest {
  /** In bytes, after. */
  readonly size: number;
  /** Hexadecimal sha256. */
  readonly before: string;
  readonly after: string;
}
