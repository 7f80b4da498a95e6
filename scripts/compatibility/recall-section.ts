import { count } from '../../src/report/numbers.ts';
import { type Exemption, exemptions } from './recall.ts';
import type { RowResult } from './result.ts';

const LACKING = `The work runs in the staging root, which shows only the packages that apt would install for this row alone: those of the
row and their dependencies, the base system, and those that every row has. A file counts

- if a program that is in the tree opens it, or
- if it is started by such a program, directly or through programs of every host such as \`sh\` and \`env\`.

A file that is opened only by a program outside the tree does not count, such as the libraries of the host's coreutils; the
program itself does. A module that Python compiled counts as its source, because trees leave \`__pycache__\` out.`;

const EXEMPT: Readonly<Record<Exemption, string>> = {
  certificates:
    'certificates below /usr/share/ca-certificates, to which /etc/ssl leads: programs use those of the host',
  index:
    'the indexes gconv-modules.cache and giomodule.cache, written when packages are installed: without an index, libc and GIO read the files beside it',
  driver:
    'graphics drivers of Mesa, with the libraries that only they need: they must fit the devices of the machine, so no tree brings them, and `flix vendor` reports them as an open need',
};

/** Describes how recall is measured and what does not count, and lists what the trees lack. */
export function recallSection(results: readonly RowResult[]): string[] {
  const recalls = results.flatMap(({ name, release, attempts: [attempt] }) =>
    attempt?.made ? [{ name, release, recall: attempt.made.recall }] : [],
  );
  const others = recalls.filter(({ recall }) => recall.ofOthers > 0);
  const exempt = exemptions.flatMap(kind => {
    const rows = recalls.filter(({ recall }) => recall.exempt[kind].length > 0);
    const files = rows.reduce((sum, { recall }) => sum + recall.exempt[kind].length, 0);
    return files === 0 ? [] : [`- ${EXEMPT[kind]}: ${inRows(files, rows.length)}`];
  });
  const lacking = recalls.filter(({ recall }) => recall.lacking.length > 0);
  return [
    '## What the trees lack',
    '',
    LACKING,
    '',
    'These files do not count, although the work opened them:',
    '',
    `- files that only programs outside the tree opened: ${inRows(
      others.reduce((sum, { recall }) => sum + recall.ofOthers, 0),
      others.length,
    )}`,
    ...exempt,
    '',
    ...(lacking.length === 0 ? [] : ['The trees lack these files, which count:', '']),
    ...lacking.map(({ name, release, recall }) => `- **${name}**, ${release}: ${recall.lacking.join(', ')}`),
    '',
  ];
}

function inRows(files: number, rows: number): string {
  return `${count(files, 'file')} in ${count(rows, 'row')}`;
}
