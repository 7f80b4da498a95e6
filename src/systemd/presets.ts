import { compileGlob } from '../glob.ts';
import { follow } from '../view/follow.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** Where systemd looks for preset files, the most important first: of files with one name it reads only the first (systemd.preset(5)). */
const PLACES = ['/etc', '/usr/local/lib', '/usr/lib'].map(place => `${place}/systemd/system-preset`);

/** A line of a preset file, such as `enable app.service`. */
export interface PresetRule {
  readonly file: string;
  readonly verdict: 'enable' | 'disable' | 'ignore';
  /** A name or a glob, as written. */
  readonly unit: string;
  /** Whether the rule is about a unit: systemd calls fnmatch(3) with FNM_NOESCAPE (src/shared/install.c). */
  readonly matches: (unit: string) => boolean;
}

/** The preset rules of a root in the order in which systemd reads them; the first that matches a unit decides. */
export function presetRules(view: View): PresetRule[] {
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
        return isVerdict(verdict) && unit !== undefined
          ? [{ file, verdict, unit, matches: compileGlob(unit) }]
          : [];
      }),
    );
}

function isVerdict(word: string): word is PresetRule['verdict'] {
  return ['enable', 'disable', 'ignore'].includes(word);
}
