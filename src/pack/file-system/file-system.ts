import type { Compression } from '../format.ts';

export interface MakeRequest {
  /** Absolute, as `output`, so that neither is taken for an option. */
  readonly tree: string;
  readonly output: string;
  readonly compress: Compression;
  /** The oldest kernel that has to read it. */
  readonly kernel: string;
  /** Seconds, for every file and for the file system itself. */
  readonly epoch: number;
  readonly uuid: string;
  /** The tool's; `undefined` if it does not say. */
  readonly version: string | undefined;
}

/**
 * How a file system is made so that the bytes depend on the tree alone: no times, owners or UUID of their own, and no
 * extended attributes of the source: labels are those of the machine that builds, and a capability hands out rights
 * in silence.
 */
export interface FileSystemMaker<R extends MakeRequest = MakeRequest> {
  readonly tool: string;
  readonly arguments: (request: R) => string[];
  readonly environment?: (request: R) => Readonly<Record<string, string>>;
  /** It takes owners and times from the tree: the tree is copied first, so that they are ours. */
  readonly copies: boolean;
  /** What of the promise “the same tree, the same bytes” it does not keep. */
  readonly notReproducible?: (version: string | undefined) => string | undefined;
}
