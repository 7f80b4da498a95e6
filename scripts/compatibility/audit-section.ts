import { count } from '../../src/report/numbers.ts';
import { type AuditFinding, namesMissed } from './audit.ts';
import { code, explanation } from './failures.ts';
import { isGoodRun, type RowResult } from './result.ts';
import { groupName } from './row.ts';

const AUDIT = `\`flix audit\` judges the first tree of each row over the host on which the work runs, with the decoys. They
agree if each error about a file that the work uses shows in the run, and if flix had printed the reason of each run that fails:
an error of the audit, a finding about a path that the programs did not find, or a line of \`flix vendor\`.`;

/** Compares the audit of each tree with the run over the same host. */
export function auditSection(results: readonly RowResult[]): string[] {
  const rows = results.flatMap(({ name, kind, release, mode, attempts: [attempt] }) => {
    if (!attempt?.made) return [];
    const { over, audit } = attempt.made;
    return [{ name, kind, group: groupName(release, mode), attempt, over, audit }];
  });
  if (rows.length === 0) return [];
  const errorsOf = ({ audit }: (typeof rows)[number]) => audit.filter(({ severity }) => severity === 'error');
  const isUsed = ({ over }: (typeof rows)[number], { subject }: AuditFinding) =>
    over.usedFiles.includes(subject);
  const contradicted = rows.filter(
    tried => isGoodRun(tried.over) && errorsOf(tried).some(finding => isUsed(tried, finding)),
  );
  const unused = rows.filter(
    tried => isGoodRun(tried.over) && errorsOf(tried).length > 0 && !contradicted.includes(tried),
  );
  const unforeseen = rows.filter(
    tried =>
      !isGoodRun(tried.over) &&
      errorsOf(tried).length === 0 &&
      !tried.audit.some(finding => namesMissed(finding, tried.over.missed)) &&
      explanation(tried.attempt, tried.over, tried.kind, tried.name) === undefined,
  );
  const agreeing = rows.length - contradicted.length - unforeseen.length;
  return [
    '## The audit compared with the run',
    '',
    AUDIT,
    '',
    `They agree in ${agreeing} of ${count(rows.length, 'row')}.`,
    '',
    ...contradicted.flatMap(tried =>
      errorsOf(tried)
        .filter(finding => isUsed(tried, finding))
        .map(
          ({ kind, message }) =>
            `- **${tried.name}**, ${tried.group}: works, although ${kind}: ${code(message)}`,
        ),
    ),
    ...unused.flatMap(tried =>
      errorsOf(tried).map(
        ({ kind, message }) =>
          `- **${tried.name}**, ${tried.group}: works and does not use the file of ${kind}: ${code(message)}`,
      ),
    ),
    ...unforeseen.map(tried => `- **${tried.name}**, ${tried.group}: fails, and flix had not said why`),
    ...(contradicted.length + unused.length + unforeseen.length > 0 ? [''] : []),
  ];
}
