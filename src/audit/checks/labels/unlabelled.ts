import { selinuxOf } from '../../../systemd/selinux.ts';
import { defineCheck } from '../../check.ts';

export const unlabelled = defineCheck(
  'labels/unlabelled',
  {
    title: 'Files have no labels, but the host enforces SELinux',
    means:
      'The host’s /etc/selinux/config says SELINUX=enforcing, and the files of the image have no labels (the extended ' +
      'attribute security.selinux). The host treats them as unlabeled_t.',
    matters:
      'Confined services may not read or run them: they get “Permission denied”, with an AVC message in the journal. A ' +
      'directory that the host has too, such as /usr/lib, loses its label as well, so that services of the host fail. ' +
      'The host cannot label the files, because the image is read-only.',
    fix:
      'Pack the image with the labels of the host’s policy: “flix pack TREE --file-contexts FILE” writes them without root. ' +
      'Or run “setfiles” on the tree before packing.',
  },
  function* ({ merge: { extensions, host } }) {
    const selinux = host && selinuxOf(host.view);
    if (!selinux?.enforcing) return;
    for (const extension of extensions) {
      const { image } = extension;
      if (!image || image.labelled) continue;
      yield {
        severity: 'error' as const,
        extension,
        subject: image.path,
        culprit: selinux.file,
        message: `${image.path} has no SELinux labels, but the host enforces SELinux (${selinux.file})`,
        fix: 'Pack it with the host’s labels: “flix pack TREE --file-contexts FILE”.',
      };
    }
  },
);
