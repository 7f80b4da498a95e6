import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface WorldWritable extends FindingBase {
  readonly kind: 'layout/world-writable';
}

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

export const worldWritable: Check<WorldWritable> = {
  kind: 'layout/world-writable',
  page: {
    title: 'Everybody may write a file',
    means: 'A file, or a directory without the sticky bit, has write permission for all users.',
    matters:
      'The merged /usr is read-only by default, so nothing happens there. With a mutable merge ' +
      '(systemd-sysext --mutable=yes), in a copy of the tree or on the build machine, anybody can replace what others run.',
    fix: 'chmod o-w.',
  },
  *find({ merge }) {
    for (const { extension, path, kind, stat } of shownEntries(merge)) {
      if (kind === 'link' || kind === 'other' || (stat.mode & OTHERS_WRITE) === 0) continue;
      if (kind === 'directory' && (stat.mode & STICKY) !== 0) continue;
      yield {
        kind: 'layout/world-writable',
        severity: 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        message: `${path} may be written by everybody (mode ${stat.mode.toString(8)})`,
        fix: `chmod o-w ${path}`,
      };
    }
  },
};
