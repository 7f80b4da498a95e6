import type { Progress } from '../io/progress.ts';
import type { LabelOf } from './file-contexts.ts';
import type { Compression, Format } from './format.ts';
import type { Release } from '../systemd/decision.ts';
import type { ReleaseRequest } from './release.ts';
import type { Signer } from './signer.ts';
import type { ImageType } from '../systemd/image-type.ts';

export interface PackOptions {
  readonly format: Format;
  readonly compress: Compression;
  /** The oldest Linux that has to read it; see `parseKernel`. */
  readonly kernel: string;
  /** Seconds; see `sourceDateEpoch`. */
  readonly epoch: number;
  readonly type: ImageType;
  /** Of the extension. Default: that of `output`, else that of the only release file in the tree. */
  readonly name?: string;
  /** Of the image; a part of its default file name. */
  readonly version?: string;
  /** In systemd's spelling. Default: that of the programs in the tree. */
  readonly architecture?: string;
  /** Default: `<name>.raw`, or `<name>-<version>-<architecture>.raw`, in the directory that holds the tree. */
  readonly output?: string;
  /** From which every UUID and the salt are derived. Default: from the content of the tree. */
  readonly seed?: string;
  /** A hash tree beside a plain file system; a DDI has one in any case. */
  readonly verity: boolean;
  readonly signer?: Signer;
  readonly release: ReleaseRequest;
  /** The release file shall count whatever the file is called. */
  readonly anyName: boolean;
  /** Of every path of the tree. */
  readonly labels?: LabelOf;
  /** A path in the tree, of which a copy is put beside the image. */
  readonly manifest?: string;
  /** os-release of the host that the image is for. Default: any host. */
  readonly host?: Release;
  /** Replace a file that is not known to come from flix. */
  readonly force: boolean;
  readonly progress: Progress;
}
