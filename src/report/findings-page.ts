import type { Page } from '../audit/finding.ts';
import { wrapped } from './wrapped.ts';

const WIDTH = 100;

/** The page of a kind, which `--explain` prints and docs/findings/ contains. */
export function findingPage(kind: string, { title, means, matters, fix }: Page): string {
  const sections = [
    ['What it means', means],
    ['Why it matters', matters],
    ['How to fix it', fix],
  ] as const;
  const body = sections.map(([heading, text]) => `## ${heading}\n\n${wrapped(text, WIDTH).join('\n')}\n`);
  return [`# ${title}\n`, `\`${kind}\`\n`, ...body].join('\n');
}
