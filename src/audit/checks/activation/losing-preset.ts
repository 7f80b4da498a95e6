import { presetRules } from '../../../systemd/presets.ts';
import { basename } from '../../../view/path.ts';
import { defineCheck } from '../../check.ts';

export const losingPreset = defineCheck(
  'activation/losing-preset',
  {
    title: 'A preset does not count',
    means:
      'A preset file of the extension says enable (or disable) of a unit, and a line before it says the opposite: in ' +
      'the same file, or in another whose name comes first in the alphabet. The first line that matches a unit decides.',
    matters:
      '“systemctl preset” leaves the unit as the other file says. Many hosts end with a file 99-default.preset or begin ' +
      'with one of their own that disables everything.',
    fix:
      'Give the file a name that sorts before it (00-NAME.preset), or put the line first. A preset is applied at the first boot or by hand only; ' +
      'to start a unit wherever the extension is merged, let a target uphold it.',
  },
  function* ({ merge: { extensions, view, extensionOf } }) {
    const rules = presetRules(view);
    for (const rule of rules) {
      const extension = extensionOf(rule.file);
      if (!extension || !extensions.includes(extension) || /[*?[]/.test(rule.unit)) continue;
      const first = rules.find(other => other.pattern.test(rule.unit));
      if (!first || first.verdict === rule.verdict) continue;
      yield {
        extension,
        subject: rule.file,
        culprit: rule.unit,
        winner: first.file,
        message: `“${rule.verdict} ${rule.unit}” does not count: ${first.file} comes first and says “${first.verdict} ${first.unit}”`,
        fix:
          first.file === rule.file
            ? `put it before “${first.verdict} ${first.unit}”`
            : `rename it so that it sorts before ${basename(first.file)}`,
      };
    }
  },
);
