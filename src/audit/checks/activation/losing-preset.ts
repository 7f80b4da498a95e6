import { follow } from '../../../view/follow.ts';
import { basename } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck } from '../../check.ts';

/** The most important first (systemd.preset(5)): of files with one name the first alone is read. */
const PLACES = ['/etc', '/usr/local/lib', '/usr/lib'].map(place => `${place}/systemd/system-preset`);

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
    const rules = rulesOf(view);
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

interface Rule {
  readonly file: string;
  readonly verdict: string;
  readonly unit: string;
  readonly pattern: RegExp;
}

function rulesOf(view: View): Rule[] {
  const files = new Map<string, string>();
  for (const place of PLACES) {
    const real = follow(view, place).path;
    for (const name of real === undefined ? [] : view.list(real).keys())
      if (name.endsWith('.preset') && !files.has(name)) files.set(name, `${real}/${name}`);
  }
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, file]) =>
      (readText(view, file) ?? '').split('\n').flatMap(line => {
        const [verdict = '', unit] = line.trim().split(/\s+/);
        if (!['enable', 'disable', 'ignore'].includes(verdict) || unit === undefined) return [];
        return [{ file, verdict, unit, pattern: patternOf(unit) }];
      }),
    );
}

/** fnmatch(3), as far as names of units go. */
function patternOf(glob: string): RegExp {
  const parts = glob.match(/\*+|\?|\[!?[\w-]+\]|[^]/g) ?? [];
  const source = parts.map(part => {
    if (part.startsWith('*')) return '.*';
    if (part === '?') return '.';
    if (part.length > 1) return part.replace('[!', '[^');
    return part.replace(/[\\^$.|+()[\]{}]/, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`);
}
