import type { JobResult } from '../build/run-jobs.ts';
import { printable } from '../printable.ts';
import { count, size } from './numbers.ts';
import type { Style } from './style.ts';

/** The results of a recipe for one architecture. */
export interface BuiltExtension {
  readonly name: string;
  readonly images: readonly { readonly path: string; readonly bytes: number | null }[];
  /** The findings of the audit by severity; `null`: it did not run. */
  readonly findings: Readonly<Record<string, number>> | null;
  readonly results: readonly JobResult[];
}

/** Returns the summary: a row for each extension, and what failed. */
export function buildText(extensions: readonly BuiltExtension[], style: Style): string {
  const rows = [
    ['', 'images', 'findings', 'tests', 'seconds'],
    ...extensions.map(extension => [
      printable(extension.name),
      extension.images.map(({ bytes }) => (bytes === null ? '–' : size(bytes))).join(', '),
      findingsText(extension.findings),
      testsText(extension.results.map(({ job, outcome }) => ({ step: job.step, outcome }))),
      secondsText(extension.results),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  const lines = rows.map((row, i) => {
    const line = row.map((cell, j) => cell.padEnd(widths[j]!)).join('  ');
    return i === 0 ? style.faint(line.trimEnd()) : line.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}

/** Returns the findings by severity as words. */
export function findingsText(findings: BuiltExtension['findings']): string {
  if (findings === null) return '–';
  const parts = Object.entries(findings).filter(([, number]) => number > 0);
  return parts.length === 0 ? 'none' : parts.map(([severity, number]) => count(number, severity)).join(', ');
}

/** Counts the smoke tests that passed, now or when they last ran. */
export function testsText(jobs: readonly { readonly step: string; readonly outcome: string }[]): string {
  const tries = jobs.filter(({ step }) => step === 'try');
  const passed = tries.filter(({ outcome }) => outcome === 'done' || outcome === 'unchanged').length;
  return tries.length === 0 ? '–' : `${passed} of ${tries.length}`;
}

function secondsText(results: readonly JobResult[]): string {
  if (results.every(({ outcome }) => outcome === 'unchanged')) return 'unchanged';
  return (results.reduce((sum, { ms }) => sum + ms, 0) / 1000).toFixed(1);
}

/** Returns the summary as one document, for scripts. */
export function buildDocument(extensions: readonly BuiltExtension[]) {
  return {
    schema: 'flix.build/1',
    extensions: extensions.map(({ name, images, findings, results }) => ({
      name,
      images,
      findings,
      jobs: results.map(({ job: { id, step }, outcome, ms, status }) => ({ id, step, outcome, ms, status })),
    })),
  };
}
