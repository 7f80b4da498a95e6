import { imagePolicyOf, refusedBy } from '../../../systemd/image-policy.ts';
import { defineCheck } from '../../check.ts';

export const noPolicy = defineCheck(
  'trust/no-policy',
  {
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
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { image, rules } = extension;
      if (image?.protection !== 'signed') continue;
      const policy = imagePolicyOf(host.view, rules.service)?.policy;
      const isDemanded = policy && refusedBy(policy, { ...image, protection: 'verity' }) !== undefined;
      if (isDemanded) continue;
      yield {
        severity: 'info',
        extension,
        subject: image.path,
        culprit: 'image-policy',
        message: `${image.path} is signed, and the host would merge one without a signature in its place`,
        fix: `start ${rules.command} there with --image-policy=root=signed+absent:usr=signed+absent`,
      };
    }
  },
);
