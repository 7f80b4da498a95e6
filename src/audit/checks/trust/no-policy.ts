import { imagePolicyOf, refusedBy } from '../../../systemd/image-policy.ts';
import type { ExtensionRules } from '../../../systemd/extension-type.ts';
import { systemdSince, systemdVersion } from '../../../systemd/systemd-version.ts';
import { defineCheck } from '../../check.ts';

export const noPolicy = defineCheck(
  'trust/no-policy',
  {
    title: 'The host does not require the signature',
    means:
      'The image is signed, but systemd-sysext.service of the host (systemd-confext.service for a configuration ' +
      'extension) also accepts unsigned images: it has no image policy, or one that allows them.',
    matters:
      'A signature is checked only if there is one. Whoever can replace the image can put an unsigned one in its ' +
      'place, and the host will merge it.',
    fix:
      'On the host, add a drop-in to that service that starts it with ' +
      '--image-policy=root=signed+absent:usr=signed+absent. From systemd 259 on, ' +
      '“ImagePolicy=root=signed+absent:usr=signed+absent” below [SysExt] in /etc/systemd/sysext.conf does the same.',
  },
  function* ({ merge: { extensions, host } }) {
    if (!host) return;
    for (const extension of extensions) {
      const { image, rules } = extension;
      if (image?.protection !== 'signed') continue;
      const policy = imagePolicyOf(host.view, rules)?.policy;
      const isDemanded = policy && refusedBy(policy, { ...image, protection: 'verity' }) !== undefined;
      if (isDemanded) continue;
      yield {
        severity: 'info',
        extension,
        subject: image.path,
        culprit: 'image-policy',
        message: `${image.path} is signed, but the host would also merge an unsigned image in its place`,
        fix: policyToPaste(rules, systemdVersion(host.view)),
      };
    }
  },
);

const POLICY = 'root=signed+absent:usr=signed+absent';

/** Before `sysext.conf`, only the command line of the service has a policy. */
function policyToPaste({ type, service, command }: ExtensionRules, version: number | undefined): string {
  if (version === undefined || version < systemdSince.extensionConfig)
    return `On the host, run “systemctl edit ${service}”, and add --image-policy=${POLICY} to the command line of ${command}.`;
  return `On the host, add /etc/systemd/${type}.conf.d/10-policy.conf:
[${type === 'sysext' ? 'SysExt' : 'ConfExt'}]
ImagePolicy=${POLICY}`;
}
