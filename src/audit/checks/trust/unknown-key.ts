import { trustedKeys } from '../../../systemd/image-policy.ts';
import { defineCheck } from '../../check.ts';

export const unknownKey = defineCheck(
  'trust/unknown-key',
  {
    title: 'The host does not know who signed the image',
    means:
      'The image is signed, and the certificate of the signer is not among those of the host: /etc/verity.d/*.crt, ' +
      '/usr/local/lib/verity.d and /usr/lib/verity.d. A certificate in the kernel’s keyring would do as well, which ' +
      'cannot be seen from here.',
    matters:
      'systemd refuses the image, and with it ends the merge: no other extension is merged either. A policy that is ' +
      'content with verity takes it, without any check of its content.',
    fix: 'Put the certificate of the signer into /etc/verity.d on the host, as a .crt file in PEM form.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { image } = extension;
      if (image?.signer === undefined || trustedKeys(host.view).has(image.signer)) continue;
      yield {
        severity: 'error',
        extension,
        subject: image.path,
        culprit: image.signer,
        message: `${image.path} is signed by a certificate that the host does not have (SHA-256 ${image.signer})`,
        fix: 'put that certificate into /etc/verity.d of the host',
      };
    }
  },
);
