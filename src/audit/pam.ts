import { memoised } from '../view/memo.ts';
import { basename, join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** Where libpam looks for the configuration of a service (pam.conf(5); SUSE adds /usr/etc). */
const DIRECTORIES = ['/etc/pam.d', '/usr/lib/pam.d', '/usr/etc/pam.d'];

/** A rule: `-` lets the module be absent without a log entry; the control is a word or is in brackets. */
const RULE = /^(-?)(?:auth|account|password|session)\s+(\[[^\]]*\]|\S+)\s+(\S+)/i;

/**
 * Returns the file names of the modules without which a service of a view fails: those in rules that are neither
 * `optional` nor marked with `-`.
 */
export function requiredPamModules(view: View): ReadonlySet<string> {
  return modulesIn(view, '/');
}

const modulesIn = memoised((view): ReadonlySet<string> => {
  const files = DIRECTORIES.flatMap(directory =>
    [...view.list(directory).keys()].map(name => join(directory, name)),
  );
  const rules = files.flatMap(file => rulesOf(readText(view, file) ?? ''));
  // pam.conf is the same, with the service first
  const single = rulesOf((readText(view, '/etc/pam.conf') ?? '').replace(/^[^\s#]+[ \t]+/gm, ''));
  return new Set([...rules, ...single]);
});

function rulesOf(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap(line => {
      const [, mark, control, module] = RULE.exec(line.trim()) ?? [];
      const isRequired = mark === '' && control!.toLowerCase() !== 'optional' && module!.endsWith('.so');
      return isRequired ? [basename(module!)] : [];
    });
}
