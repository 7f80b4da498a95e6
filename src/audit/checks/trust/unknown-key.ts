import { trustedKeys } from '../../../systemd/image-policy.ts';
import { defineCheck } from '../../check.ts';

export const unknownKey = defineCheck(
  'trust/unknown-key',
  {
    title: 'The host does not trust the signer of the image',
    means:
      'The image is signed, but the signer’s certificate is not among those of the host: /etc/verity.d/*.crt, ' +
      '/usr/local/lib/verity.d and /usr/lib/verity.d. A certificate in the kernel’s keyring would also work, but ' +
      'flix cannot see that keyring.',
    matters:
      'systemd rejects the image and aborts the merge, so no other extension is merged either. A policy that ' +
      'accepts unsigned verity lets the image in, but then its content is not checked.',
    fix: 'Put the signer’s certificate into /etc/verity.d on the host, as a .crt file in PEM format.',
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
        message: `${image.path} is signed with a certificate that the host does not trust (SHA-256 ${image.signer})`,
        fix: `Copy that certificate, in PEM format, to /etc/verity.d/${extension.name}.crt on the host.`,
      };
    }
  },
);
