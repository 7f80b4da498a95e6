import { grouped } from '../../../src/report/grouped.ts';
import { size } from '../../../src/report/numbers.ts';
import { code, lastLine } from '../failures.ts';
import { share } from '../table.ts';
import type { CaseResult, Made } from './case.ts';
import { type Kind, onlyFlix, onlyPackages } from './differences.ts';

export interface HostBoundHead {
  /** `2026-01-31` */
  readonly date: string;
  /** What `flix --version` prints, and the commit of the checkout. */
  readonly flix: string;
  /** How many results are of earlier versions of flix or of this program. */
  readonly earlier: number;
}

/** Writes the page from the results of all cases. Pure. */
export function hostBoundPage(
  results: readonly CaseResult[],
  { date, flix, earlier }: HostBoundHead,
): string {
  const groups = [...grouped(results, ({ release, hosts }) => `${release} over ${hosts.join(' and ')}`)];
  return `${[
    '# Extensions for a given host, measured',
    '',
    `Written by \`npm run host-bound\` on ${date} with ${flix}. Do not edit it.`,
    ...(earlier === 0
      ? []
      : [
          '',
          `${earlier} of the ${results.length} results were measured with an earlier version of flix or of this program on the same day.`,
        ]),
    '',
    INTRODUCTION,
    '',
    '## Totals',
    '',
    '| programs over hosts | cases | work | hidden files | loaders asked | disagree | libraries removed | not needed | flix | `ldd` and `cp` | of these work | overlay | files of the host replaced |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...groups.map(total),
    '',
    ...groups.flatMap(([name, cases]) => section(name, cases)),
    ...differences(results),
  ].join('\n')}\n`;
}

const INTRODUCTION = `Each row vendors packages of a Debian release with [\`--host\`](host-bound.md) for one or two minimal hosts, and nothing else on
the command line but the packages (see [compatibility.md](compatibility.md) for the commands and the work). The hosts are
mmdebstrap's minbase with systemd: 82 packages of trixie, 109 of bookworm.

- **work**: whether the real work of the row succeeds with the extension merged over each of its hosts.
- **hidden**: paths of a host that the extension hides.
- **loaders**: how many answers of loaders were compared: systemd-sysext of the host merges the extension, and the host's own
  loader lists the closure of every ELF file in it. A file _disagrees_ if the list is not the planned one, if the manifest gives
  another origin for a library, or if the loader lacks a library, a version or a symbol.
- **libraries**: private libraries of the extension. Each was removed alone, and the loader of each host asked again; a library is
  _not needed_ if no file then lacks anything on any host. **had**: for how many a host has a library of that name that does not
  fit.
- **flix**, **ldd**, **overlay**: the files and bytes that each of three ways brings. _ldd_: the programs of the packages, and the
  libraries that \`ldd\` does not find on the hosts, copied into the library directory of the host until the staging root has no
  more of them; **works**: whether the work succeeds with these. _overlay_: apt installs the packages without recommended ones
  over a host of their own release, as mkosi does for an overlay image, and the image is what changed below /usr and /opt;
  **replaced**: files of the host among these.`;

function total([name, cases]: readonly [string, readonly CaseResult[]]): string {
  const made = cases.flatMap(result => result.made ?? []);
  const add = (value: (one: Made) => number) => made.reduce((sum, one) => sum + value(one), 0);
  const working = made.filter(worksEverywhere).length;
  return line(
    name,
    cases.length,
    share(working, cases.length),
    add(({ shadowed }) => shadowed.length),
    add(({ truth }) => truth.asked),
    add(({ truth }) => truth.wrong.length),
    add(({ truth }) => truth.removed),
    add(({ truth }) => truth.unneeded.length),
    size(add(({ flix }) => flix.bytes)),
    size(add(({ ldd }) => ldd.bytes)),
    made.filter(({ ldd }) => ldd.work.every(({ works }) => works)).length,
    size(add(({ overlay }) => overlay.bytes)),
    add(({ overlay }) => overlay.replaced.length),
  );
}

function worksEverywhere({ work }: Made): boolean {
  return work.every(({ works }) => works);
}

function section(name: string, cases: readonly CaseResult[]): string[] {
  return [
    `## ${name}`,
    '',
    '| packages | work | hidden | loaders | disagree | libraries | not needed | had | flix | seconds | ldd | works | overlay | replaced |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...cases.map(row),
    '',
    ...faults(cases),
    ...versions(cases),
  ];
}

function row({ packages, made }: CaseResult): string {
  const names = packages.join(', ');
  if (!made) return line(names, 'refused', ...Array<string>(12).fill('–'));
  const { flix, seconds, shadowed, libraries, despiteHost, truth, ldd, overlay } = made;
  const brought = (one: { files: number; bytes: number }) => `${one.files}, ${size(one.bytes)}`;
  return line(
    names,
    worksEverywhere(made) ? 'yes' : 'no',
    shadowed.length,
    truth.asked,
    truth.wrong.length,
    libraries,
    truth.unneeded.length,
    despiteHost.length,
    brought(flix),
    seconds.toFixed(1),
    brought(ldd),
    ldd.work.every(({ works }) => works) ? 'yes' : 'no',
    brought(overlay),
    overlay.replaced.length,
  );
}

/** Lists what failed. */
function faults(cases: readonly CaseResult[]): string[] {
  const lines = cases.flatMap(({ packages, refused, made }) => {
    const name = `**${packages[0]}**`;
    if (!made) return [`- ${name} is refused: ${code(lastLine(refused ?? ''))}`];
    return [
      ...made.work.flatMap(({ host, works, reason = '' }) =>
        works ? [] : [`- ${name} does not work over ${host}: ${code(reason)}`],
      ),
      ...made.shadowed.map(file => `- ${name} hides ${file}`),
      ...made.truth.wrong.slice(0, 3).map(text => `- ${name}, loader: ${code(text)}`),
      ...made.truth.unneeded.map(file => `- ${name}: ${file} is not needed`),
    ];
  });
  return lines.length === 0 ? [] : ['What failed:', '', ...lines, ''];
}

/** Explains the libraries that are brought although a host has one of the same name. */
function versions(cases: readonly CaseResult[]): string[] {
  const lines = cases.flatMap(({ packages, made }) =>
    made && made.despiteHost.length > 0
      ? [`- **${packages[0]}**: ${made.despiteHost.map(text => code(text)).join(', ')}`]
      : [],
  );
  return lines.length === 0
    ? []
    : ['Libraries that are brought although a host has one of the same name:', '', ...lines, ''];
}

function differences(results: readonly CaseResult[]): string[] {
  const compared = results.flatMap(({ packages, made }) =>
    made?.differences ? [{ name: packages[0]!, differences: made.differences }] : [],
  );
  if (compared.length === 0) return [];
  const of = (by: 'apt' | 'flix') => (kind: Kind) => ({ kind, by, key: `${by}: ${kind.name}` });
  const classes = [...onlyPackages.map(of('apt')), ...onlyFlix.map(of('flix'))].filter(({ key }) =>
    compared.some(one => one.differences.some(({ kind }) => kind === key)),
  );
  const summed = classes.map(({ key, by, kind: { name, why } }, index) => {
    const all = compared.flatMap(one => one.differences.filter(({ kind }) => kind === key));
    const files = all.reduce((sum, one) => sum + one.files, 0);
    const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
    const [example] = [...all].sort((a, b) => b.bytes - a.bytes);
    const who = by === 'apt' ? 'only the overlay' : 'only flix';
    return line(letterOf(index), who, name, files, size(bytes), why, code(example!.example));
  });
  return [
    '## File by file',
    '',
    'What flix and the overlay bring of the same packages over the same host, compared by the paths that the files have in their',
    'packages: flix may have them elsewhere, such as libraries in the private directory.',
    '',
    '| | brought by | kind | files | bytes | why | the largest of one extension |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...summed,
    '',
    'By package, the files of each kind:',
    '',
    `| package | ${classes.map((_, index) => letterOf(index)).join(' | ')} |`,
    `| --- | ${classes.map(() => '---').join(' | ')} |`,
    ...compared.map(one =>
      line(
        one.name,
        ...classes.map(({ key }) => one.differences.find(({ kind }) => kind === key)?.files ?? 0),
      ),
    ),
    '',
  ];
}

function letterOf(index: number): string {
  return String.fromCodePoint(97 + index);
}

function line(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
