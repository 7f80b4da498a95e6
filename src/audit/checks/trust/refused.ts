import { imagePolicyOf, refusedBy } from '../../../systemd/image-policy.ts';
import { defineCheck } from '../../check.ts';

export const refusedImage = defineCheck(
  'trust/refused',
  {
    title: 'The host’s image policy rejects the image',
    means:
      'systemd-sysext.service of the host (or systemd-confext.service) has an image policy: --image-policy= on its ' +
      'command line or, from systemd 259 on, ImagePolicy= in sysext.conf, sysext.conf.d (or confext.conf) of ' +
      '/etc/systemd, /run/systemd or /usr/lib/systemd. The image has less protection than this policy requires (no ' +
      'signature, or not even a hash tree), or the policy ignores its partition.',
    matters: 'One rejected image aborts the merge, so none of the other extensions is merged either.',
    fix: 'Sign the image with a key that the host trusts, remove it from the host, or change the policy.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { image, rules } = extension;
      const found = imagePolicyOf(host.view, rules);
      if (!image || !found) continue;
      const partition = refusedBy(found.policy, image);
      if (partition === undefined) continue;
      const helps = refusedBy(found.policy, { ...image, protection: 'signed' }) === undefined;
      yield {
        severity: 'error',
        extension,
        subject: image.path,
        culprit: found.text,
        policy: found.text,
        message: `the policy ${found.text} rejects ${image.path}: ${
          helps
            ? `its ${partition} is ${image.protection}`
            : `it allows no ${partition} partition, not even a signed one`
        }`,
        fix: `${helps ? 'Sign the image with “flix pack --key KEY --certificate CERTIFICATE” for a certificate that the host trusts' : 'Change the policy'}, or remove the image: while it is there, no extension is merged.`,
      };
    }
  },
);
