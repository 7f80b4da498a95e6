import { presetRules } from '../../../systemd/presets.ts';
import { basename } from '../../../view/path.ts';
import { defineCheck } from '../../check.ts';

export const losingPreset = defineCheck(
  'activation/losing-preset',
  {
    title: 'A preset has no effect',
    means:
      'A preset file of the extension enables (or disables) a unit, but an earlier line does the opposite, in the ' +
      'same file or in one whose name sorts before it. The first line that matches a unit decides.',
    matters:
      '“systemctl preset” does what the other file says. Many hosts have a file 99-default.preset, or one of their ' +
      'own that sorts first and disables everything.',
    fix:
      'Give the file a name that sorts earlier (00-NAME.preset), or move the line up. Presets are applied only at ' +
      'the first boot or by hand; to start a unit wherever the extension is merged, let a target uphold it.',
  },
  function* ({ merge: { extensions, view, extensionOf } }) {
    const rules = presetRules(view);
    for (const rule of rules) {
      const extension = extensionOf(rule.file);
      if (!extension || !extensions.includes(extension) || /[*?[]/.test(rule.unit)) continue;
      const first = rules.find(other => other.matches(rule.unit));
      if (!first || first.verdict === rule.verdict) continue;
      yield {
        extension,
        subject: rule.file,
        culprit: rule.unit,
        winner: first.file,
        message: `“${rule.verdict} ${rule.unit}” has no effect: ${first.file} comes first and says “${first.verdict} ${first.unit}”`,
        fix:
          first.file === rule.file
            ? `Put it before “${first.verdict} ${first.unit}”.`
            : `Rename it so that it sorts before “${basename(first.file)}”.`,
      };
    }
  },
);
