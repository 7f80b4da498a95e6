import { count } from '../../src/report/numbers.ts';
import type { Attempt } from './attempt.ts';
import { isGood, isGoodRun, type RowResult } from './result.ts';
import type { Kind } from './row.ts';

/** Explains each row that did not work at the first attempt. */
export function failures(results: readonly RowResult[]): string[] {
  const failed = results.filter(({ attempts: [attempt] }) => !attempt || !isGood(attempt));
  if (failed.length === 0) return [];
  return ['What did not work at the first attempt:', '', ...failed.flatMap(failureLines), ''];
}

function failureLines({ name, kind, broken, attempts: [attempt] }: RowResult): string[] {
  if (broken !== undefined) return [`- **${name}** does not even work in its own root: ${code(broken)}`];
  const { made, printed, status } = attempt!;
  if (!made)
    return [`- **${name}**: \`flix vendor\` ended with status ${status}: ${code(lastLine(printed))}`];
  return (['over', 'alone'] as const).flatMap(place => {
    const { reason, hostLibraries: opened, missed } = made[place];
    if (isGoodRun(made[place])) return [];
    const why = [
      ...(reason === undefined ? [] : [code(reason)]),
      ...(opened.length === 0 ? [] : [`opened ${opened.join(', ')}`]),
      ...(missed.length === 0
        ? []
        : [`did not find ${count(missed.length, 'path')}, such as ${missed.slice(0, 3).join(', ')}`]),
    ];
    const said = explanation(attempt!, made[place], kind, name);
    return [
      `- **${name}**, ${place}: ${why.join('; ')}${said === undefined ? '' : `. flix had said: ${code(said)}`}`,
    ];
  });
}

/** Whether flix printed, before anything ran, why the row does not work: the refusal, or a remark for each run that fails. */
export function isExplained(kind: Kind, name: string, attempt: Attempt | undefined): boolean {
  if (!attempt?.made) return attempt !== undefined;
  return [attempt.made.over, attempt.made.alone].every(
    place => isGoodRun(place) || explanation(attempt, place, kind, name) !== undefined,
  );
}

/** Returns the line of `flix vendor` that says why the work fails. */
export function explanation(
  { printed }: Attempt,
  { reason = '', missed }: NonNullable<Attempt['made']>['over'],
  kind: Kind,
  name: string,
): string | undefined {
  return printed.split('\n').find(
    line =>
      // the setuid bit or the capabilities are cleared
      (kind === 'setuid programs' &&
        /(?:is|are) cleared/.test(line) &&
        // in Flatwrap mode, in the staged root
        line.replace(/^\/usr\/local\/[^/]+(?=\/)/, '').startsWith(`/usr/bin/${name.split(' ')[0]}:`)) ||
      (/includes .* which the tree does not bring/.test(line) && reason.includes('PAM')) ||
      missed.some(path => path.startsWith('/usr/') && line.includes(path)),
  );
}

/** Formats a text as code in a table. */
export function code(text: string): string {
  return `\`${text
    .replaceAll(/[`|\p{Cc}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()}\``;
}

export function lastLine(text: string): string {
  return text.trim().split('\n').slice(-2).join(' ');
}
