import { bootStart } from '../../../systemd/boot-start.ts';
import { presetRules } from '../../../systemd/presets.ts';
import { pulledUnits } from '../../../systemd/pulls.ts';
import { namesIn, unitFiles } from '../../../systemd/unit-files.ts';
import { defineCheck } from '../../check.ts';
import { upholdDropIn } from '../../units-to-paste.ts';

export const neverStarted = defineCheck(
  'activation/never-started',
  {
    title: 'Nothing starts a unit',
    means:
      'The extension contains a unit that is meant to be enabled (it has an [Install] section), but nothing in the ' +
      'extension starts it: no Upholds=, no unit that wants it, no socket, timer or path unit. A unit is left out if ' +
      'the extension was made of packages with “flix vendor --package” from a root that does not enable it.',
    matters:
      '“systemctl enable” on the host creates a link in /etc that has no effect at boot: systemd reads it before ' +
      'the extension is merged, does not find the unit, and does not start it later. A preset of the extension has no ' +
      'effect at boot either; where only a preset enables the unit, this is a warning.',
    fix:
      'If the unit should run wherever the extension is merged, let a target uphold it: ' +
      'multi-user.target.d/10-NAME.conf with [Unit] and Upholds=NAME.service. If it is meant to be started by ' +
      'hand, ignore this note.',
  },
  function* ({ merge }) {
    const { extensionOf } = merge;
    const presets = presetRules(merge.view);
    const { late } = bootStart(merge.view, merge.host?.view, merge.extensions);
    for (const extension of merge.extensions) {
      const pulled = pulledUnits(extension.view, '/');
      for (const unit of unitFiles(extension.view)) {
        const { name, path, isDropIn } = unit;
        const targets = ['WantedBy', 'RequiredBy', 'UpheldBy'].flatMap(key => namesIn(unit, 'Install', key));
        if (isDropIn || targets.length === 0 || name.includes('@')) continue;
        if (late.has(name) || pulled.has(name) || extension.promises?.disabledUnits.includes(name)) continue;
        const preset = presets.find(rule => rule.matches(name));
        const isEnabled = preset?.verdict === 'enable' && extensionOf(preset.file) === extension;
        yield {
          severity: isEnabled ? 'warning' : 'info',
          extension,
          subject: path,
          culprit: name,
          message: isEnabled
            ? `only ${preset.file} enables ${name}; presets are applied before the merge, so nothing starts it`
            : `no unit pulls in ${name}; a link made by “systemctl enable” has no effect at boot, because it is read before the merge`,
          fix: upholdDropIn(extension.name, targets[0]!, name),
        };
      }
    }
  },
);
