import { defineCheck } from '../../check.ts';

export const unreadableManifest = defineCheck(
  'promises/unreadable-manifest',
  {
    title: 'The manifest cannot be read',
    means:
      'The manifest that flix wrote into the tree is damaged: it is not JSON, or one of its members is not what ' +
      'flix writes. As a warning: a newer flix wrote it, in a format that this version does not know. A ' +
      'manifest.json of another program, or the manifest of another tree, is not reported.',
    matters:
      'None of its statements is checked: a changed file or an unsealed loader goes unnoticed. Openings that it ' +
      'documents are reported as if nobody knew about them, and wrapped programs are judged as if they ran ' +
      'directly on the host.',
    fix:
      'Vendor again, or restore the manifest as flix wrote it: “flix pack” puts a copy beside the image. For a ' +
      'newer format, upgrade flix.',
  },
  function* ({ merge: { extensions } }) {
    for (const extension of extensions)
      for (const { manifest, flaw, because } of extension.unreadableManifests) {
        const isNewer = flaw === 'newer schema';
        yield {
          severity: isNewer ? 'warning' : 'error',
          extension,
          subject: manifest,
          flaw,
          message: `${manifest} ${because}; its statements are not checked`,
          fix: isNewer ? 'Upgrade flix to audit it.' : 'Vendor again, or restore it as flix wrote it.',
        };
      }
  },
);
