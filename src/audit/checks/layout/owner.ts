import { type Check, gathered } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface ForeignOwner extends FindingBase {
  readonly kind: 'layout/owner';
}

export const foreignOwner: Check<ForeignOwner> = {
  kind: 'layout/owner',
  page: {
    title: 'A file does not belong to root',
    means:
      'Files of the extension belong to a user or group other than root. An image stores numbers: whoever has this ' +
      'number on the host owns the file.',
    matters:
      'Number 1000 of the build machine is often the first human user of the host; 101 is another service on every ' +
      'distribution. The overlay is read-only, but with ownership come permissions to read, and setgid bits.',
    fix:
      'chown -R 0:0 the tree, or pack with root as the owner of all (“flix pack” does). Files that a service has to own ' +
      'belong into /var, made by tmpfiles.d under the user’s name.',
  },
  find: ({ merge }) => gathered(find(merge)),
};

function* find(merge: Merge): Generator<ForeignOwner> {
  for (const { extension, path, stat } of shownEntries(merge)) {
    if (stat.uid === 0 && stat.gid === 0) continue;
    yield {
      kind: 'layout/owner',
      severity: 'warning',
      extension: extension.name,
      subject: path,
      alsoIn: [],
      chain: [],
      culprit: `${stat.uid}:${stat.gid}`,
      message: `${path} belongs to user ${stat.uid} and group ${stat.gid}, whoever that is on the host`,
      fix: 'chown -R 0:0 the tree, or pack it with root as the owner of all',
    };
  }
}
