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

/** A row with a larger tree, in relation to what the work opened, is explained. */
const LARGE = 5;

/** Compares trees with what the work opened in the staging root: the least that somebody could have picked by hand. */
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
    '## Sizes beside minimal sets',
    '',
    'The minimal set is what the vendored programs opened in the staging root below /usr and /opt, without what every host has.',
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

const EXPLAINED = `Of all rows, these trees have more than ${LARGE} times the bytes that the work opened. The library of a language comes whole,
because its scripts and modules load others by names that they compute; so do the modules of a server, which its
configuration chooses, and the converters of iconv, which the locale chooses. The work uses one program of a package, while
the libraries of all of its programs come. For each row, the largest parts that the work did not open, and why the tree has
them in the words of its manifest:`;
