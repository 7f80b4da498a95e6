import type { Audit } from '../audit/audit.ts';
import type { Identity } from '../audit/identity.ts';
import { type Allowance, withPolicy } from '../audit/policy.ts';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { parseBaseline } from '../report/baseline.ts';
import { readRecipe } from './recipe-file.ts';

/**
 * The policy of a flix.json and of a baseline: what of an audit is accepted. Without the file nothing is.
 * Throws `FlixError`: `bad-recipe`, `no-baseline`, `bad-baseline`.
 */
export function auditPolicy(file: string, baseline: string | undefined): (audit: Audit) => Audit {
  const policy = {
    file,
    allow: (readRecipe(file)['allow'] as readonly Allowance[] | undefined) ?? [],
    baseline: baseline === undefined ? [] : readBaseline(baseline),
  };
  const today = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  return audit => withPolicy(audit, policy, today);
}

function readBaseline(file: string): Identity[] {
  const text = readOptionalText(file);
  if (text !== undefined) return parseBaseline(text, file);
  throw new FlixError(
    'input',
    'no-baseline',
    `${file}: there is no such baseline`,
    'Make one: flix audit … --write-baseline <file>',
  );
}
