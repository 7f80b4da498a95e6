import { parseAssignments } from '../../../view/os-release.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck } from '../../check.ts';

/** ostree systems ship their /etc below /usr. */
const CONFIGURATIONS = ['/etc/selinux/config', '/usr/etc/selinux/config'];

export const unlabelled = defineCheck(
  'labels/unlabelled',
  {
    title: 'Files without labels for a host that enforces SELinux',
    means:
      'The host’s /etc/selinux/config says SELINUX=enforcing, and the files of the image bear no labels ' +
      '(security.selinux). They count as unlabeled_t there.',
    matters:
      'Services may not execute or read them: “Permission denied”, with an AVC message in the journal. The host cannot ' +
      'label them, since the image is read-only.',
    fix:
      'Pack the image with the labels of the host’s policy: “flix pack --selinux FILE_CONTEXTS” writes them without ' +
      'root; or “setfiles” on the tree before packing.',
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
        message: `${image.path} has no SELinux labels, and the host enforces them (${configuration})`,
        fix: 'pack it with the file_contexts of that host',
      };
    }
  },
);

/** The file that says so. */
function enforcing(host: View): string | undefined {
  const file = CONFIGURATIONS.find(path => readText(host, path) !== undefined);
  const mode = parseAssignments((file && readText(host, file)) ?? '').get('SELINUX');
  return mode?.toLowerCase() === 'enforcing' ? file : undefined;
}
