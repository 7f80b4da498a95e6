import type { ImageFacts } from '../../../systemd/image-policy.ts';
import { systemdSince, systemdVersion } from '../../../systemd/systemd-version.ts';
import { compareAsSystemd } from '../../../systemd/version-order.ts';
import { kernelReleases } from '../../../view/kernels.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck } from '../../check.ts';

const USUAL_SECTOR = 512;

export const unmountable = defineCheck(
  'metadata/unmountable',
  {
    title: 'The host cannot mount the image',
    means:
      'systemd finds no partition that it may mount, or the host’s systemd or kernel is too old for a feature of the ' +
      'image, or no kernel supports that feature.',
    matters:
      'One image that cannot be mounted aborts the merge, so none of the other extensions is merged either.',
    fix: 'Make the image again with flix pack; --kernel names the oldest kernel that has to read it.',
  },
  function* ({ merge: { extensions, host } }) {
    for (const extension of extensions) {
      const { image } = extension;
      if (!image) continue;
      for (const { culprit, message, fix } of obstacles(image, host?.view))
        yield { severity: 'error', extension, subject: image.path, culprit, message, fix };
    }
  },
);

interface Obstacle {
  readonly culprit: string;
  readonly message: string;
  readonly fix: string;
}

function* obstacles(image: ImageFacts, host: View | undefined): Generator<Obstacle> {
  const { path, refusal, sectorSize = USUAL_SECTOR, features = [] } = image;
  const systemd = host && systemdVersion(host);
  if (refusal && (systemd === undefined || systemd >= (refusal.since ?? 0)))
    yield {
      culprit: refusal.why,
      message: `systemd refuses to mount ${path}, and then merges no extension: ${refusal.why}`,
      fix: 'Make the image again with flix pack, or correct the types and flags of its partitions with sfdisk.',
    };
  if (sectorSize !== USUAL_SECTOR && systemd !== undefined && systemd < systemdSince.sectorSizes)
    yield {
      culprit: 'sector size',
      message: `${path} has sectors of ${sectorSize} bytes, and the host’s systemd ${systemd} mounts only sectors of ${USUAL_SECTOR}`,
      fix: `Make the image with sectors of ${USUAL_SECTOR} bytes, or update the host to systemd ${systemdSince.sectorSizes} or later.`,
    };
  const kernel = host && newest(kernelReleases(host));
  for (const { what, linux } of features)
    if (linux === undefined)
      yield {
        culprit: what,
        message: `${path} has ${what}, and no Linux mounts such an image`,
        fix: 'Make the image again without this feature, for example with flix pack.',
      };
    else if (kernel !== undefined && compareAsSystemd(kernel, linux) < 0)
      yield {
        culprit: what,
        message: `${path} has ${what}, which requires Linux ${linux}, and the host has ${kernel}`,
        fix: `Make the image for this kernel, for example with flix pack --kernel ${majorMinor(kernel)}.`,
      };
}

function newest(releases: readonly string[]): string | undefined {
  return [...releases].sort(compareAsSystemd).at(-1);
}

/** `6.1.0-18-amd64` → `6.1` */
function majorMinor(release: string): string {
  return release.split('.', 2).join('.').replace(/\D+$/, '');
}
