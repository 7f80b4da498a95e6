import type { Progress } from '../io/progress.ts';
import type { LabelOf } from '../systemd/file-contexts.ts';
import type { Compression, Format } from './format.ts';
import type { Release } from '../systemd/decision.ts';
import type { ReleaseRequest } from './release.ts';
import type { Signer } from './signer.ts';
import type { ImageType } from '../systemd/image-type.ts';

export interface PackOptions {
  readonly format: Format;
  readonly compress: Compression;
  /** The oldest Linux that must be able to read the image; see `parseKernel`. */
  readonly kernel: string;
  /** The time of every file in seconds; see `sourceDateEpoch`. */
  readonly epoch: number;
  readonly type: ImageType;
  /** Of the extension. Default: from `output`, otherwise from the only release file in the tree. */
  readonly name?: string;
  /** Of the image; it becomes a part of the default file name. */
  readonly version?: string;
  /** As systemd spells it. Default: from the programs in the tree. */
  readonly architecture?: string;
  /** Default: `<name>.raw`, or `<name>-<version>-<architecture>.raw`, in the directory that contains the tree. */
  readonly output?: string;
  /** A UUID from which all UUIDs and the salt are derived. Default: from the content of the tree. */
  readonly seed?: string;
  /** Writes a hash tree beside a plain file system; a DDI always contains one. */
  readonly verity: boolean;
  readonly signer?: Signer;
  readonly release: ReleaseRequest;
  /** Makes the release file count whatever the image is called. */
  readonly anyName: boolean;
  /** SELinux labels of the paths of the tree. */
  readonly labels?: LabelOf;
  /** The path of a manifest in the tree, which is copied beside the image. */
  readonly manifest?: string;
  /** os-release of the host that the image is for. Default: any host. */
  readonly host?: Release;
  /** Replaces files that flix is not known to have written. */
  readonly force: boolean;
  readonly progress: Progress;
}
