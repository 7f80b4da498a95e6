import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface Setuid extends FindingBase {
  readonly kind: 'layout/setuid';
}

const SETUID = 0o4000;
const SETGID = 0o2000;

export const setuid: Check<Setuid> = {
  kind: 'layout/setuid',
  page: {
    title: 'A program runs with the rights of another user',
    means: 'A file of the extension has the setuid or setgid bit.',
    matters:
      'Every user of the host can start it as root, or as whoever has this number there. Its loader also ignores ' +
      'LD_LIBRARY_PATH and run paths with $ORIGIN, so that it may find the host’s libraries instead of its own.',
    fix:
      'Clear it (chmod u-s,g-s). A program that needs rights gets them from its unit (AmbientCapabilities=) or from ' +
      'polkit.',
  },
  *find({ merge }) {
    for (const { extension, path, kind, stat } of shownEntries(merge)) {
      if (kind !== 'file' || (stat.mode & (SETUID | SETGID)) === 0) continue;
      const bit = (stat.mode & SETUID) === 0 ? 'setgid' : 'setuid';
      yield {
        kind: 'layout/setuid',
        severity: 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        message: `${path} is ${bit}: it runs as ${bit === 'setuid' ? `user ${stat.uid}` : `group ${stat.gid}`}`,
        fix: 'clear the bit (chmod u-s,g-s), and give its unit the rights that it needs',
      };
    }
  },
};
