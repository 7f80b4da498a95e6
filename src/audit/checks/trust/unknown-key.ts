import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { trustedKeys } from '../../../systemd/trusted-keys.ts';

export interface UnknownKey extends FindingBase {
  readonly kind: 'trust/unknown-key';
}

export const unknownKey: Check<UnknownKey> = {
  kind: 'trust/unknown-key',
  page: {
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
  *find({ merge: { extensions, host } }) {
    if (!host) return;
    for (const { name, image } of extensions) {
      if (image?.signer === undefined || trustedKeys(host.view).has(image.signer)) continue;
      yield {
        kind: 'trust/unknown-key',
        severity: 'error',
        extension: name,
        subject: image.path,
        alsoIn: [],
        chain: [],
        culprit: image.signer,
        message: `${image.path} is signed by a certificate that the host does not have (SHA-256 ${image.signer})`,
        fix: 'put that certificate into /etc/verity.d of the host',
      };
    }
  },
};
