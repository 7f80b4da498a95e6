import type { AuditFinding } from '../audit/audit.ts';
import type { Identity } from '../audit/identity.ts';
import { FlixError } from '../errors.ts';

const BASELINE_SCHEMA = 'flix.baseline/1';

/** Writes the findings that a later audit is to accept. Infos need no acceptance. */
export function baselineText(findings: readonly AuditFinding[]): string {
  const entries = findings
    .filter(({ severity, accepted }) => severity !== 'info' || accepted === 'in the baseline')
    .map(({ kind, extension, extensionType, subject, culprit }) => ({
      kind,
      extension,
      extensionType,
      subject,
      culprit,
    }));
  return `${JSON.stringify({ schema: BASELINE_SCHEMA, findings: entries }, undefined, 2)}\n`;
}

/** Reads a baseline. Throws `FlixError`: `bad-baseline`. */
export function parseBaseline(text: string, file: string): Identity[] {
  try {
    const { schema, findings } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (schema !== BASELINE_SCHEMA || !Array.isArray(findings))
      throw new SyntaxError(`its schema is not ${BASELINE_SCHEMA}`);
    return findings as Identity[];
  } catch (error) {
    throw new FlixError(
      'input',
      'bad-baseline',
      `${file} is not a baseline: ${(error as Error).message}`,
      `flix audit TREE --write-baseline ${file}`,
    );
  }
}
