import type { PackedImage } from '../pack/image.ts';
import { activation } from '../systemd/image-type.ts';

/** A line of the summary of an image. */
export interface SummaryLine {
  readonly label: string;
  readonly text: string;
  /** Explains the line, for `--explain`. */
  readonly means: string;
}

/** See systemd-confext(8), `--noexec=` and `--mutable=`. */
const READ_ONLY = ' While any confext is merged, /etc is read-only and nothing in it can be executed.';

/** Accepts only partitions signed with a known certificate; either of the two may be absent (systemd.image-policy(7)). */
const POLICY = 'root=signed+absent:usr=signed+absent';

/**
 * Lists what the administrator of the host has to know. The hash tree of an image protects nothing by itself: without a
 * policy, systemd mounts an image whose signature it cannot check as if it had none (measured with 257 on dm-verity).
 */
export function hostLines(image: PackedImage): SummaryLine[] {
  const { type, name, format, rootHash, certificate, anyName } = image;
  const { activated, command } = activation[type];
  const file = `${activated}/${name}${format === 'directory' || format === 'tar' ? '/' : '.raw'}`;
  const place: SummaryLine = {
    label: format === 'tar' ? 'unpack to' : 'place',
    text: anyName ? `${file}, or any other name there` : file,
    means: anyName
      ? 'systemd accepts its release file whatever the image is called (attribute user.extension-release.strict).'
      : type === 'portable'
        ? 'portablectl attach finds the image there by name; it also accepts a path.'
        : 'A file or a link. Do not rename it: systemd looks for a release file of exactly this name.',
  };
  const activate: SummaryLine =
    type === 'portable'
      ? {
          label: 'activate',
          text: `portablectl attach ${name}`,
          means: 'Copies the units of the image to the host.',
        }
      : {
          label: 'activate',
          text: `${command} refresh`,
          means: `Merges the extensions that are there now; ${command}.service does so at boot.${type === 'confext' ? READ_ONLY : ''}`,
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
          `Without this policy the signature protects nothing: systemd also merges an image that is not signed, or whose ` +
          `hash tree was replaced. Set it for one run with ${option}; for every boot, give ${command}.service a ` +
          `drop-in whose ExecStart= has this option. A policy such as root=verity+signed is weaker than it looks: ` +
          `root=verity alone does not even activate the hash tree.`,
      },
    ];
  if (rootHash !== undefined)
    return [
      {
        label: 'trust',
        text: 'none by itself: the root hash has to be signed, or reach the host separately from the image',
        means:
          'Whoever can change the image can also change its hash tree, and systemd does not even activate the tree unless ' +
          'it knows the root hash. <name>.roothash beside the image provides it, but protects only if it reaches the ' +
          'host another way than the image. --key and --certificate sign the root hash.',
      },
    ];
  return [
    {
      label: 'trust',
      text: 'none: a change of the image on the host cannot be detected',
      means:
        'SHA256SUMS protects the transfer to the host, if it is signed and checked. --format ddi with --key and ' +
        '--certificate protects the image at every read.',
    },
  ];
}
