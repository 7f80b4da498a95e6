import { defineCheck } from '../../check.ts';

export const unreadableManifest = defineCheck(
  'promises/unreadable-manifest',
  {
    title: 'The manifest cannot be read',
    means:
      'The manifest that flix wrote into the tree is damaged: it is no JSON, or a member of it is not what flix writes. ' +
      'As a warning: a newer flix made it, in a format that this one does not know. A manifest.json of another program, ' +
      'and the manifest of another tree, are none of this.',
    matters:
      'Nothing that it promises is checked: a file that was changed, or a loader that is not sealed, passes unseen. What ' +
      'it names as open is reported as if nobody knew, and wrapped programs are judged as if they ran on the host.',
    fix:
      'Vendor again, or put the manifest back as flix wrote it: flix pack puts a copy beside the image. For a newer ' +
      'format, upgrade flix.',
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
          message: `${manifest} ${because}; what it promises is not checked`,
          fix: isNewer ? 'upgrade flix to audit it' : 'vendor again, or put it back as flix wrote it',
        };
      }
  },
);
