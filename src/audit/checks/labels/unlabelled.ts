import { parseAssignments } from '../../../view/os-release.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck } from '../../check.ts';

/** ostree systems ship /etc below /usr. */
const CONFIGURATIONS = ['/etc/selinux/config', '/usr/etc/selinux/config'];

export const unlabelled = defineCheck(
  'labels/unlabelled',
  {
    title: 'Files have no labels, but the host enforces SELinux',
    means:
      'The host’s /etc/selinux/config says SELINUX=enforcing, and the files of the image have no labels (the extended ' +
      'attribute security.selinux). The host treats them as unlabeled_t.',
    matters:
      'Services may not read or run them: they get “Permission denied”, with an AVC message in the journal. The host ' +
      'cannot label the files, because the image is read-only.',
    fix:
      'Pack the image with the labels of the host’s policy: “flix pack --file-contexts FILE” writes them without root. ' +
      'Or run “setfiles” on the tree before packing.',
  },
  function* ({ merge: { extensions, host } }) {
    const configuration = host && enforcing(host.view);
    if (configuration === undefined) return;
    for (const extension of extensions) {
      const { image } = extension;
      if (!image || image.labelled) continue;
      yield {
        extension,
        subject: image.path,
        culprit: configuration,
        message: `${image.path} has no SELinux labels, but the host enforces SELinux (${configuration})`,
        fix: 'Pack it with the host’s labels: “flix pack --file-contexts FILE”.',
      };
    }
  },
);

/** Returns the file that says so. */
function enforcing(host: View): string | undefined {
  const file = CONFIGURATIONS.find(path => readText(host, path) !== undefined);
  const mode = parseAssignments((file && readText(host, file)) ?? '').get('SELINUX');
  return mode?.toLowerCase() === 'enforcing' ? file : undefined;
}
