import type { PackedImage } from '../pack/image.ts';
import { activation } from '../systemd/image-type.ts';

/** A line of the summary of an image. */
export interface SummaryLine {
  readonly label: string;
  readonly text: string;
  /** Explains the line, for `--explain`. */
  readonly means: string;
}

/** systemd-confext(8), `--noexec=`, `--mutable=`. */
const READ_ONLY = ' As long as any is merged, /etc is read-only and nothing in it can be executed.';

/** Only a signature of a known certificate will do; an image may lack one of the two partitions (systemd.image-policy(7)). */
const POLICY = 'root=signed+absent:usr=signed+absent';

/**
 * What whoever runs the host must be told. The hash tree of an image protects nothing by itself: without a policy,
 * systemd mounts an image whose signature it cannot check as if it had none (measured with 257 on dm-verity).
 */
export function hostLines(image: PackedImage): SummaryLine[] {
  const { type, name, format, rootHash, certificate, anyName } = image;
  const { activated, command } = activation[type];
  const file = `${activated}/${name}${format === 'directory' || format === 'tar' ? '/' : '.raw'}`;
  const place: SummaryLine = {
    label: format === 'tar' ? 'unpack to' : 'place',
    text: anyName ? `${file}, or any other name there` : file,
    means: anyName
      ? 'Its release file counts under every file name (the attribute user.extension-release.strict).'
      : type === 'portable'
        ? 'portablectl attach takes the image from there, or from a path.'
        : 'A file or a link. The name counts: systemd looks for the release file of exactly this name.',
  };
  const activate: SummaryLine =
    type === 'portable'
      ? {
          label: 'activate',
          text: `portablectl attach ${name}`,
          means: 'Copies the units of the image onto the host.',
        }
      : {
          label: 'activate',
          text: `${command} refresh`,
          means: `Merges what is there now; ${command}.service does it at boot.${type === 'confext' ? READ_ONLY : ''}`,
        };
  return [place, ...trustLines(rootHash, certificate, command, type), activate];
}

function trustLines(
  rootHash: string | undefined,
  certificate: string | undefined,
  command: string,
  type: PackedImage['type'],
): SummaryLine[] {
  const option = type === 'portable' ? 'a RootImagePolicy= of the service' : `${command} --image-policy=`;
  if (certificate !== undefined)
    return [
      {
        label: 'certificate',
        text: 'to /etc/verity.d/<any name>.crt, in PEM form',
        means:
          'systemd checks signatures against the certificates there, and the kernel against its own keyring. An image ' +
          'whose certificate is in neither is refused.',
      },
      {
        label: 'policy',
        text: type === 'portable' ? `RootImagePolicy=${POLICY}` : `${command} --image-policy=${POLICY}`,
        means:
          `Without it the signature is no barrier: an image without one, or one whose hash tree was made anew, is ` +
          `merged just the same. ${option} takes it for one run; for every boot, give ${command}.service a drop-in ` +
          `with ExecStart= and this option. A policy such as root=verity+signed is weaker than it looks: root=verity ` +
          `alone does not even turn the hash tree on.`,
      },
    ];
  if (rootHash !== undefined)
    return [
      {
        label: 'trust',
        text: 'none by itself: the root hash has to reach the host apart from the image, or be signed',
        means:
          'Whoever can change the image can change the hash tree in it too, and systemd does not even turn the tree on ' +
          'unless it is told the root hash: <name>.roothash beside the image does that, and protects only if it comes ' +
          'another way than the image. --key and --certificate sign the root hash.',
      },
    ];
  return [
    {
      label: 'trust',
      text: 'none: nothing tells a changed image from this one once it is on the host',
      means:
        'SHA256SUMS protects the way to the host, if it is signed and checked. --format ddi with --key and ' +
        '--certificate protects the image at every read.',
    },
  ];
}
