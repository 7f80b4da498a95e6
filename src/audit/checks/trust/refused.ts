import { imagePolicyOf, refusedBy } from '../../../systemd/image-policy.ts';
import { defineCheck } from '../../check.ts';

export const refusedImage = defineCheck(
  'trust/refused',
  {
    title: 'The host’s image policy rejects the image',
    means:
      'systemd-sysext.service of the host (or systemd-confext.service) runs with --image-policy=, and the image ' +
      'has less protection than this policy requires: no signature, or not even a hash tree.',
    matters: 'One rejected image aborts the merge, so none of the other extensions is merged either.',
    fix: 'Sign the image with a key that the host trusts, remove it from the host, or change the policy.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { image, rules } = extension;
      const found = imagePolicyOf(host.view, rules.service);
      if (!image || !found) continue;
      const partition = refusedBy(found.policy, image);
      if (partition === undefined) continue;
      yield {
        severity: 'error',
        extension,
        subject: image.path,
        culprit: found.text,
        policy: found.text,
        message: `the policy ${found.text} rejects ${image.path}: its ${partition} is ${image.protection}`,
        fix: 'Sign the image with a key that the host trusts, or remove it: while it is there, no extension is merged.',
      };
    }
  },
);
