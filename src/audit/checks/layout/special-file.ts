import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { shownEntries } from '../../shown-entries.ts';

export interface SpecialFile extends FindingBase {
  readonly kind: 'layout/special-file';
}

export const specialFile: Check<SpecialFile> = {
  kind: 'layout/special-file',
  page: {
    title: 'A device, FIFO or socket',
    means:
      'The extension holds something that is neither file, directory nor link, and no whiteout (a character device 0:0, ' +
      'which hides a file of the host) either.',
    matters:
      'Devices are made by the kernel, in /dev. A FIFO or socket in a read-only /usr serves ' +
      'nobody, and whoever opens a FIFO without knowing waits for ever.',
    fix: 'Leave it out. What a service needs belongs below /run, made by tmpfiles.d or by a socket unit.',
  },
  *find({ merge }) {
    for (const { extension, path, kind, stat } of shownEntries(merge)) {
      if (kind !== 'other' || stat.whiteout) continue;
      yield {
        kind: 'layout/special-file',
        severity: 'warning',
        extension: extension.name,
        subject: path,
        alsoIn: [],
        chain: [],
        culprit: path,
        message: `${path} is a device, FIFO or socket`,
        fix: 'leave it out',
      };
    }
  },
};
