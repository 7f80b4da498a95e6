import { size } from '../../src/report/numbers.ts';
import type { RowResult } from './result.ts';

/** Ten packages whose trees are compared with what the work opened. */
const compared: ReadonlySet<string> = new Set([
  'git',
  'python3',
  'vim-nox',
  'ffmpeg',
  'nginx',
  'postgresql',
  'curl',
  'perl with DBD::SQLite and XML::LibXML',
  'openssh-server',
  'imagemagick',
]);

/** The page explains trees that have more than this many times the bytes that the work opened. */
const LARGE = 5;

/** Compares trees with what the work opened in the staging root: the least that could have been picked by hand. */
export function sizeSection(results: readonly RowResult[]): string[] {
  const all = results.flatMap(({ name, release, attempts }) => {
    const made = attempts.at(-1)?.made;
    return made ? [{ name, release, made, ratio: made.bytes / made.recall.bytes }] : [];
  });
  const rows = all.filter(({ name }) => compared.has(name));
  const large = all.filter(({ ratio }) => ratio > LARGE);
  if (rows.length === 0) return [];
  const ordered = rows.map(({ ratio }) => ratio).sort((a, b) => a - b);
  return [
    '## Sizes compared with minimal sets',
    '',
    'The minimal set contains the files below /usr and /opt that the vendored programs opened in the staging root, without those of every host.',
    '',
    '| program | release | opened | brought | ratio |',
    '| ------- | ------- | ------ | ------- | ----- |',
    ...rows.map(
      ({ name, release, made, ratio }) =>
        `| ${name} | ${release} | ${size(made.recall.bytes)} | ${size(made.bytes)} | ${ratio.toFixed(1)} |`,
    ),
    '',
    `The median is ${ordered[Math.floor(ordered.length / 2)]!.toFixed(1)}.`,
    '',
    ...(large.length === 0 ? [] : [EXPLAINED, '']),
    ...large.map(
      ({ name, release, made, ratio }) =>
        `- **${name}**, ${release}: ${size(made.bytes)} for ${size(made.recall.bytes)}, ${ratio.toFixed(1)} ×. Not opened: ${made.unused
          .map(({ why, path, bytes }) => `${size(bytes)} ${why} (most of it ${path})`)
          .join('; ')}.`,
    ),
    ...(large.length === 0 ? [] : ['']),
  ];
}

const EXPLAINED = `These trees of all rows have more than ${LARGE} times the bytes that the work opened. flix brings the whole library of a
language, because scripts and modules load others by names that they compute; all modules of a server, because its
configuration chooses among them; and all converters of iconv, because the locale chooses among them. It brings the libraries
of all programs of a package, while the work uses one program. Each line gives the largest parts that the work did not open,
and why the tree has them, in the words of its manifest:`;
