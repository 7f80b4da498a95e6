import { DEFAULT_MODE } from '../../src/plan/request.ts';
import { count, size } from '../../src/report/numbers.ts';
import { grouped } from '../../src/report/grouped.ts';
import type { Attempt } from './attempt.ts';
import { auditSection } from './audit-section.ts';
import { failures, isExplained } from './failures.ts';
import { recallSection } from './recall-section.ts';
import { isGood, isGoodRun, type RowResult } from './result.ts';
import { groupName, kinds, type Mode } from './row.ts';
import { sizeSection } from './size-section.ts';

export interface TableHead {
  /** `2026-01-31` */
  readonly date: string;
  /** What `flix --version` prints, and the commit of the checkout. */
  readonly flix: string;
}

/** Writes the page from the results of all rows. Pure. */
export function compatibilityPage(results: readonly RowResult[], head: TableHead): string {
  const groups = [...grouped(results, ({ release, mode }) => groupName(release, mode))];
  return `${[
    '# Compatibility',
    '',
    `Written by \`npm run compatibility\` on ${head.date} with ${head.flix}. Do not edit it.`,
    '',
    INTRODUCTION,
    '',
    '## Totals',
    '',
    ...totals(groups),
    ...comparison(results),
    ...groups.flatMap(([name, rows]) => section(name, rows)),
    ...auditSection(results),
    ...recallSection(results.filter(({ mode }) => mode === 'flix')),
    ...sizeSection(results.filter(({ mode }) => mode === 'flix')),
  ].join('\n')}\n`;
}

const INTRODUCTION = `Each row is an unmodified program of a Debian release. One command, which names only packages or a program, vendors it
from a root that contains the programs of all rows of the release. Then the program does real work, not \`--version\`:

- **over** the other release: a minimal host of the other release with the tree merged; the host also has decoys of the
  private libraries in its default directories, and the work runs with \`LD_LIBRARY_PATH\`, \`LD_PRELOAD\` and \`LD_AUDIT\`
  that point to decoys;
- **alone**: a root that contains nothing but the tree, the decoys, and what every host has: a static busybox under the names
  of the shell and coreutils, time zones, and the locale C.UTF-8.

Both have certificates and a font, which minimal hosts lack.

The work runs without a network. strace follows all of its processes. If the work fails, the options that flix itself
printed are added, by \`flix vendor\` first and then those of a trial, and the row is tried again.

- **first**: whether it works over (o) and alone (a) with the first command; and over
  the other release as an ordinary user (u), if one can do the work in the root of the row's release.
- **in the end**: whether it works, and what was added; “as flix said”: flix named the reason before anything ran.
- **host**: how many libraries of the host, and decoys, processes of the tree opened. The shell of the host that runs a
  wrapper of Flatwrap mode, and the programs that make its view, are not processes of the tree (docs/flatwrap.md); nor does
  the host have an /etc/ld.so.preload then.
- **recall**: how many of the files below /usr and /opt that the vendored programs open or start in the staging root are in
  the tree or on every host; [how it is measured](#what-the-trees-lack).
- **unused**: bytes of the tree that the work did not open.
- **open**: how many required or recommended needs stay open.
- **start** (Flatwrap mode): how many milliseconds a wrapper takes from the start to the end of the cheapest invocation of its
  program, and how many times as long as the program in a chroot of the same staged root: the medians of up to seven pairs, as
  root and as an ordinary user.

Where two modes make the same tree, byte for byte apart from the reason for the mode in the manifest, the work ran once.`;

type Group = readonly [name: string, results: readonly RowResult[]];

function totals(groups: readonly Group[]): string[] {
  return [
    '| release | rows | work at the first attempt | work in the end | host libraries | recall |',
    '| ------- | ---- | ------------------------- | --------------- | -------------- | ------ |',
    ...groups.map(totalsRow),
    '',
  ];
}

function totalsRow([name, rows]: Group): string {
  const first = rows.filter(({ attempts: [attempt] }) => attempt && isGood(attempt)).length;
  const end = rows.filter(({ attempts }) => attempts.length > 0 && isGood(attempts.at(-1)!)).length;
  const host = rows.reduce((sum, { attempts }) => sum + hostLibraries(attempts.at(-1)), 0);
  const recalls = rows.flatMap(({ attempts: [attempt] }) => (attempt?.made ? [attempt.made.recall] : []));
  const used = recalls.reduce((sum, recall) => sum + recall.used, 0);
  const lacking = recalls.reduce((sum, recall) => sum + recall.lacking.length, 0);
  return `| ${[name, rows.length, share(first, rows.length), share(end, rows.length), host, percent(used - lacking, used)].join(' | ')} |`;
}

export function share(part: number, all: number): string {
  return `${part} (${percent(part, all)})`;
}

function percent(part: number, all: number): string {
  return all === 0 ? '–' : `${(Math.floor((part / all) * 1000) / 10).toFixed(1)} %`;
}

function hostLibraries(attempt: Attempt | undefined): number {
  const { over, alone } = attempt?.made ?? {};
  return new Set([...(over?.hostLibraries ?? []), ...(alone?.hostLibraries ?? [])]).size;
}

const COLUMNS =
  'program, kind, vendored, mode, first, in the end, host, recall, unused, open, size, seconds'.split(', ');
const START_COLUMNS = ['start as root', 'start as a user'];

function section(name: string, results: readonly RowResult[]): string[] {
  const ordered = [...results].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  const isWrapped = results.some(({ attempts }) => attempts.some(({ made }) => made?.start));
  const columns = isWrapped ? COLUMNS.concat(START_COLUMNS) : COLUMNS;
  return [
    `## ${name}`,
    '',
    tableLine(columns),
    tableLine(columns.map(() => '---')),
    ...ordered.map(result => tableLine(row(result).concat(isWrapped ? startCells(result) : []))),
    '',
    ...failures(ordered),
  ];
}

function tableLine(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function startCells({ attempts }: RowResult): string[] {
  const start = attempts.at(-1)?.made?.start;
  return (['asRoot', 'asUser'] as const).map(who => {
    const times = start?.[who];
    if (times === undefined || typeof times === 'string') return '–';
    return `${times.wrapped.toFixed(0)} ms, ${(times.wrapped / times.native).toFixed(1)} ×`;
  });
}

function row(result: RowResult): string[] {
  const { name, kind, vendor, version, attempts } = result;
  const [first, last] = [attempts[0], attempts.at(-1)];
  const made = (last?.made ? last : first)?.made;
  const used = made ? Math.max(made.over.usedBytes, made.alone.usedBytes) : 0;
  const { used: files, lacking } = first?.made?.recall ?? { used: 0, lacking: [] };
  return [
    `${name} ${version}`,
    kind,
    `\`${vendor.join(' ')}\``,
    made?.mode ?? '–',
    first?.made ? firstMarks(first.made) : 'no',
    inTheEnd(result),
    made ? String(hostLibraries(last)) : '–',
    first?.made ? percent(files - lacking.length, files) : '–',
    made ? size(made.bytes - used) : '–',
    made ? String(made.open) : '–',
    made ? size(made.bytes) : '–',
    first ? first.seconds.toFixed(1) : '–',
  ];
}

function firstMarks({ over, alone, asUser }: NonNullable<Attempt['made']>): string {
  const user = asUser ? [`u ${mark(asUser)}`] : [];
  return [`o ${mark(over)}`, `a ${mark(alone)}`, ...user].join(', ');
}

function mark(place: Parameters<typeof isGoodRun>[0]): string {
  return isGoodRun(place) ? 'yes' : 'no';
}

function inTheEnd({ kind, name, attempts }: RowResult): string {
  const last = attempts.at(-1);
  if (!last || !isGood(last)) return isExplained(kind, name, last) ? 'no, as flix said' : 'no';
  return last.added.length === 0 ? 'yes' : `with \`${last.added.join(' ')}\``;
}

/** Compares `--mode auto` with both modes, for the rows that have a result in all of them. */
function comparison(results: readonly RowResult[]): string[] {
  const of = (mode: Mode) => results.filter(result => result.mode === mode);
  const rows = of('auto').flatMap(auto => {
    const others = [...of('flix'), ...of('flatwrap')].filter(
      ({ name, release }) => name === auto.name && release === auto.release,
    );
    return others.length < 2 ? [] : [{ auto, others }];
  });
  if (rows.length === 0) return [];
  const worse = rows.flatMap(({ auto, others }) =>
    others.flatMap(other => {
      const lost = marksOf(other).filter(place => !marksOf(auto).includes(place));
      return lost.length === 0 ? [] : [{ auto, mode: other.mode, lost }];
    }),
  );
  const rowsOf = (mode: Mode) =>
    rows.filter(({ auto }) => auto.attempts[0]?.made?.mode === mode).map(({ auto }) => auto);
  const wrapped = rowsOf('flatwrap').map(({ name, release }) => `${name} (${release})`);
  return [
    '## The modes compared',
    '',
    `\`--mode auto\` chooses Flix mode in ${rowsOf('flix').length} of ${count(rows.length, 'row')}, and Flatwrap mode in ${wrapped.length}${wrapped.length === 0 ? '' : `: ${wrapped.join(', ')}`}. Without \`--mode\`, flix ${DEFAULT_MODE === 'auto' ? 'chooses in the same way' : `uses ${DEFAULT_MODE} mode`}.`,
    '',
    ...(worse.length === 0
      ? [
          'It is at least as good as either mode in every row: at the first attempt, it works wherever one of them works, over, alone and as an ordinary user.',
        ]
      : [
          'It is at least as good as either mode in all rows but these:',
          '',
          ...worse.map(
            ({ auto, mode, lost }) =>
              `- **${auto.name}** (${auto.release}): at the first attempt, it works ${lost.join(' and ')} in ${mode === 'flix' ? 'Flix' : 'Flatwrap'} mode only.`,
          ),
        ]),
    '',
  ];
}

/** Returns where a row works at the first attempt. */
function marksOf({ attempts: [first] }: RowResult): string[] {
  if (!first?.made) return [];
  const { over, alone, asUser } = first.made;
  return [
    ...(isGoodRun(over) ? ['over the other release'] : []),
    ...(isGoodRun(alone) ? ['alone'] : []),
    ...(asUser && isGoodRun(asUser) ? ['as an ordinary user'] : []),
  ];
}
