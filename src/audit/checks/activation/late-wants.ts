import { bootStart } from '../../../systemd/boot-start.ts';
import { isUpheld, pulls } from '../../../systemd/pulls.ts';
import { systemdVersion } from '../../../systemd/systemd-version.ts';
import { defineCheck } from '../../check.ts';
import { upholdDropIn } from '../../units-to-paste.ts';

export const lateWants = defineCheck(
  'activation/late-wants',
  {
    title: 'A unit is wanted too late to be started',
    means:
      'The extension makes a unit of the host’s boot want or require another unit, by a link in TARGET.wants, ' +
      'TARGET.requires or SERVICE.wants, or by Wants= in a drop-in. systemd decides at the start of the boot which ' +
      'units it starts; the extension is merged later, so systemd sees its links too late. A target that is ' +
      'started even later, or that the extension itself contains, does start the units that it wants. (Before 254, ' +
      'systemd also ignores links in TARGET.upholds.)',
    matters:
      'The service does not run after a boot, only when it or its target is started again. If the extension is ' +
      'merged on a running system, nothing starts either.',
    fix:
      'Let the target uphold the unit: ship the drop-in usr/lib/systemd/system/multi-user.target.d/10-NAME.conf ' +
      'with [Unit] and Upholds=NAME.service, and set EXTENSION_RELOAD_MANAGER=1 in the release file. systemd ' +
      'checks Upholds= for as long as the target is active.',
  },
  function* ({ merge }) {
    const pulling = merge.extensions.flatMap(extension =>
      pulls(extension.view, '/').map(pull => ({ extension, pull })),
    );
    if (pulling.length === 0) return;
    const { boots, late } = bootStart(merge.view, merge.host?.view, merge.extensions);
    const version = merge.host && systemdVersion(merge.host.view);
    for (const { extension, pull } of pulling) {
      const { path, from, how, to } = pull;
      if (isUpheld(pull, version) || !boots(from) || boots(to) || late.has(to)) continue;
      yield {
        extension,
        subject: path,
        culprit: to,
        message:
          how === 'uphold'
            ? `systemd before 254 ignores ${path}, so ${to} does not start`
            : `${from} starts the units that it wants before ${path} is merged, so ${to} does not start at boot`,
        fix: upholdDropIn(extension.name, from, to),
      };
    }
  },
);
