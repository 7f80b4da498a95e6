import type { Check } from '../../check.ts';
import type { FindingBase } from '../../finding.ts';
import { unitLinks } from '../../unit-files.ts';
import { upheldUnits } from '../../upheld-units.ts';

export interface LateWants extends FindingBase {
  readonly kind: 'activation/late-wants';
}

export const lateWants: Check<LateWants> = {
  kind: 'activation/late-wants',
  page: {
    title: 'A unit is wanted too late to be started',
    means:
      'The extension enables a unit by a link in TARGET.wants or TARGET.requires. systemd decides at the beginning of ' +
      'the boot what a target starts; the extension is merged later, and its link is seen by nobody.',
    matters:
      'After a boot the service does not run; started by hand, or after the next “systemctl isolate”, it does. With an ' +
      'extension that is merged on a running system nothing starts either.',
    mend:
      'Let the target uphold the unit: a drop-in usr/lib/systemd/system/multi-user.target.d/10-NAME.conf with [Unit] ' +
      'and Upholds=NAME.service, and EXTENSION_RELOAD_MANAGER=1 in the release file. Upholds= is looked at for as long ' +
      'as the target is active.',
  },
  *find({ merge }) {
    const upheld = upheldUnits(merge);
    for (const { name, view } of merge.extensions)
      for (const { path, from, how, to } of unitLinks(view)) {
        if (how === 'upholds' || !from.endsWith('.target') || upheld.has(to)) continue;
        yield {
          kind: 'activation/late-wants',
          severity: 'warning',
          extension: name,
          subject: path,
          alsoIn: [],
          chain: [],
          culprit: to,
          message: `${from} has started what it wants before ${path} is there, so ${to} does not start at boot`,
          remedy: `add ${from}.d/10-${name}.conf with “[Unit] Upholds=${to}”`,
        };
      }
  },
};
