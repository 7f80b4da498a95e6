import { bootStart } from '../../../systemd/boot-start.ts';
import { presetRules } from '../../../systemd/presets.ts';
import { pulledUnits } from '../../../systemd/pulls.ts';
import { namesIn, unitFiles } from '../../../systemd/unit-files.ts';
import { defineCheck } from '../../check.ts';
import type { Extension } from '../../extension.ts';
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
    const enableable = merge.extensions.flatMap(enableableUnits);
    if (enableable.length === 0) return;
    const presets = presetRules(merge.view);
    const { late } = bootStart(merge.view, merge.host?.view, merge.extensions);
    for (const { extension, name, path, target } of enableable) {
      const isPulled = late.has(name) || pulledUnits(extension.view, '/').has(name);
      if (isPulled || extension.promises?.disabledUnits.includes(name)) continue;
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
        fix: upholdDropIn(extension.name, target, name),
      };
    }
  },
);

/** A unit with an [Install] section, which “systemctl enable” would let a target pull in. */
interface EnableableUnit {
  readonly extension: Extension;
  readonly name: string;
  readonly path: string;
  /** The first target that would pull it in. */
  readonly target: string;
}

/** Returns the units of an extension that can be enabled, except templates. */
function enableableUnits(extension: Extension): EnableableUnit[] {
  return unitFiles(extension.view).flatMap(unit => {
    const { name, path, isDropIn } = unit;
    const [target] = ['WantedBy', 'RequiredBy', 'UpheldBy'].flatMap(key => namesIn(unit, 'Install', key));
    return isDropIn || target === undefined || name.includes('@') ? [] : [{ extension, name, path, target }];
  });
}
