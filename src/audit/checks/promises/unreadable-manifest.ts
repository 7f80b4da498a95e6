import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { UnreadableManifest as Unreadable } from '../../promises.ts';

export interface UnreadableManifest extends FindingBase {
  readonly kind: 'promises/unreadable-manifest';
  readonly flaw: Unreadable['flaw'];
}

export const unreadableManifest: Check<UnreadableManifest> = {
  kind: 'promises/unreadable-manifest',
  page: {
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
  *find({ merge: { extensions } }) {
    for (const { name, unreadableManifests } of extensions)
      for (const { manifest, flaw, because } of unreadableManifests) {
        const isNewer = flaw === 'newer schema';
        yield {
          kind: 'promises/unreadable-manifest',
          severity: isNewer ? 'warning' : 'error',
          extension: name,
          subject: manifest,
          alsoIn: [],
          chain: [],
          culprit: manifest,
          flaw,
          message: `${manifest} ${because}; what it promises is not checked`,
          fix: isNewer ? 'upgrade flix to audit it' : 'vendor again, or put it back as flix wrote it',
        };
      }
  },
};
