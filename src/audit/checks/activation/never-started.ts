import { pulledUnits } from '../../../systemd/pulls.ts';
import { namesIn, unitFiles } from '../../../systemd/unit-files.ts';
import { bootStart } from '../../../systemd/boot-start.ts';
import { defineCheck } from '../../check.ts';

export const neverStarted = defineCheck(
  'activation/never-started',
  {
    title: 'Nothing starts a unit',
    means:
      'The extension brings a unit that is meant to be enabled (it has an [Install] section), and nothing in it starts ' +
      'the unit: no Upholds=, no unit that wants it, no socket, timer or path.',
    matters:
      '“systemctl enable” on the host makes a link in /etc, which at the next boot is looked at before the extension ' +
      'is merged: the unit is not found then and does not start.',
    fix:
      'If it should run wherever the extension is merged, let a target uphold it: ' +
      'multi-user.target.d/10-NAME.conf with [Unit] and Upholds=NAME.service. If it is to be started by hand, leave it.',
  },
  function* ({ merge }) {
    const { late } = bootStart(merge.view, merge.host?.view, merge.extensions);
    for (const extension of merge.extensions) {
      const pulled = pulledUnits(extension.view, '/');
      for (const unit of unitFiles(extension.view)) {
        const { name, path, isDropIn } = unit;
        const targets = ['WantedBy', 'RequiredBy', 'UpheldBy'].flatMap(key => namesIn(unit, 'Install', key));
        if (isDropIn || targets.length === 0 || name.includes('@')) continue;
        if (late.has(name) || pulled.has(name)) continue;
        yield {
          severity: 'info',
          extension,
          subject: path,
          culprit: name,
          message: `nothing starts ${name}, and a link of “systemctl enable” comes to nothing at boot`,
          fix: `let ${targets[0]} uphold it, if it should run wherever the extension is merged`,
        };
      }
    }
  },
);
