import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { imagePolicyOf, refusedBy } from '../../../systemd/image-policy.ts';

export interface NoPolicy extends FindingBase {
  readonly kind: 'trust/no-policy';
}

export const noPolicy: Check<NoPolicy> = {
  kind: 'trust/no-policy',
  page: {
    title: 'A signature that nobody demands',
    means:
      'The image is signed, and systemd-sysext.service of the host (systemd-confext.service for a configuration ' +
      'extension) takes images without a signature as well: it is started without --image-policy=, or with one that allows them.',
    matters:
      'The signature is checked where there is one. Whoever may replace the image puts one without a signature in its ' +
      'place, and that is merged.',
    fix:
      'A drop-in of that service on the host that starts it with ' +
      '--image-policy=root=signed+absent:usr=signed+absent.',
  },
  *find({ merge: { extensions, host } }) {
    if (!host) return;
    for (const { name, image, rules } of extensions) {
      if (image?.protection !== 'signed') continue;
      const policy = imagePolicyOf(host.view, rules.service)?.policy;
      const isDemanded = policy && refusedBy(policy, { ...image, protection: 'verity' }) !== undefined;
      if (isDemanded) continue;
      yield {
        kind: 'trust/no-policy',
        severity: 'info',
        extension: name,
        subject: image.path,
        alsoIn: [],
        chain: [],
        culprit: 'image-policy',
        message: `${image.path} is signed, and the host would merge one without a signature in its place`,
        fix: `start ${rules.command} there with --image-policy=root=signed+absent:usr=signed+absent`,
      };
    }
  },
};
