import type { Page } from '../audit/finding.ts';

const WIDTH = 100;

/** The page of a kind: what `--explain` prints, and what docs/findings/ holds. */
export function findingPage(kind: string, { title, means, matters, fix }: Page): string {
  const sections = [
    ['What it means', means],
    ['Why it matters', matters],
    ['How to fix it', fix],
  ] as const;
  const body = sections.map(([heading, text]) => `## ${heading}\n\n${wrapped(text)}\n`);
  return [`# ${title}\n`, `\`${kind}\`\n`, ...body].join('\n');
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
