import { count, size } from '../../src/report/numbers.ts';
import { grouped } from '../../src/report/grouped.ts';
import type { Attempt } from './attempt.ts';
import { namesMissed } from './audit.ts';
import { type Exemption, exemptions } from './recall.ts';
import { isGood, isGoodRun, type RowResult } from './result.ts';
import { type Kind, kinds, type Mode, type Release } from './row.ts';

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
    ...audits(results),
    ...lackingFiles(results.filter(({ mode }) => mode === 'flix')),
    ...sizes(results.filter(({ mode }) => mode === 'flix')),
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

function groupName(release: Release, mode: Mode): string {
  return mode === 'flix' ? release : `${release} with --mode ${mode}`;
}

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

/** Says for each row that did not work at once why. */
function failures(results: readonly RowResult[]): string[] {
  const failed = results.filter(({ attempts: [attempt] }) => !attempt || !isGood(attempt));
  if (failed.length === 0) return [];
  return ['What did not work at the first attempt:', '', ...failed.flatMap(failureLines), ''];
}

function failureLines({ name, kind, broken, attempts: [attempt] }: RowResult): string[] {
  if (broken !== undefined)
    return [`- **${name}** does not do the work even in its own root: ${code(broken)}`];
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
      `- **${name}**, ${place}: ${why.join('; ')}${said === undefined ? '' : `. flix said before: ${code(said)}`}`,
    ];
  });
}

/** Whether flix printed, before anything ran, why the row does not work: the refusal, or a remark for each run that fails. */
function isExplained(kind: Kind, name: string, attempt: Attempt | undefined): boolean {
  if (!attempt?.made) return attempt !== undefined;
  return [attempt.made.over, attempt.made.alone].every(
    place => isGoodRun(place) || explanation(attempt, place, kind, name) !== undefined,
  );
}

/** Returns the line of `flix vendor` that says why the work fails. */
function explanation(
  { printed }: Attempt,
  { reason = '', missed }: NonNullable<Attempt['made']>['over'],
  kind: Kind,
  name: string,
): string | undefined {
  return printed.split('\n').find(
    line =>
      // rights of the program are taken away
      (kind === 'setuid programs' &&
        /(?:is|are) cleared/.test(line) &&
        line.startsWith(`/usr/bin/${name.split(' ')[0]}:`)) ||
      (/includes .* which the tree does not bring/.test(line) && reason.includes('PAM')) ||
      missed.some(path => path.startsWith('/usr/') && line.includes(path)),
  );
}

/** Quotes a text in a table. */
export function code(text: string): string {
  return `\`${text
    .replaceAll(/[`|\p{Cc}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()}\``;
}

export function lastLine(text: string): string {
  return text.trim().split('\n').slice(-2).join(' ');
}

/** Says whether `--mode auto` is at least as good as either mode, for the rows that have a result in all of them. */
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
    '## The modes beside each other',
    '',
    `\`--mode auto\` chooses Flix mode in ${rowsOf('flix').length} of ${count(rows.length, 'row')}, and Flatwrap mode in ${wrapped.length}${wrapped.length === 0 ? '' : `: ${wrapped.join(', ')}`}.`,
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

const AUDIT = `\`flix audit\` judges the first tree of each row over the host on which the work runs, with the decoys. An error that the
audit reports has to be seen in the run, and a run that fails has to have a reason that flix had printed: an error of the audit,
a finding about a path that the programs did not find, or a line of \`flix vendor\`.`;

/** Compares the audit of each tree with the run over the same host. */
function audits(results: readonly RowResult[]): string[] {
  const rows = results.flatMap(({ name, kind, release, mode, attempts: [attempt] }) => {
    if (!attempt?.made) return [];
    const { over, audit } = attempt.made;
    return [{ name, kind, group: groupName(release, mode), attempt, over, audit }];
  });
  if (rows.length === 0) return [];
  const errorsOf = ({ audit }: (typeof rows)[number]) => audit.filter(({ severity }) => severity === 'error');
  const contradicted = rows.filter(tried => isGoodRun(tried.over) && errorsOf(tried).length > 0);
  const unforeseen = rows.filter(
    tried =>
      !isGoodRun(tried.over) &&
      errorsOf(tried).length === 0 &&
      !tried.audit.some(finding => namesMissed(finding, tried.over.missed)) &&
      explanation(tried.attempt, tried.over, tried.kind, tried.name) === undefined,
  );
  const agreeing = rows.length - contradicted.length - unforeseen.length;
  return [
    '## The audit and the run',
    '',
    AUDIT,
    '',
    `They agree in ${agreeing} of ${count(rows.length, 'row')}.`,
    '',
    ...contradicted.flatMap(tried =>
      errorsOf(tried).map(
        ({ kind, message }) =>
          `- **${tried.name}**, ${tried.group}: works, although ${kind}: ${code(message)}`,
      ),
    ),
    ...unforeseen.map(tried => `- **${tried.name}**, ${tried.group}: fails, and flix had not said why`),
    ...(contradicted.length + unforeseen.length > 0 ? [''] : []),
  ];
}

const LACKING = `The work runs in the staging root, of which only the packages are shown that apt would install for this row alone: those
of the row and their dependencies, the base system, and those that every row has. A file counts

- if a program that is in the tree opens it, or
- if it is started by such a program, directly or through programs of every host such as \`sh\` and \`env\`.

What a program opens that is not in the tree does not count, such as the libraries of the host's coreutils; the program itself
does. A module that Python compiled counts as its source, because trees leave \`__pycache__\` out.`;

const EXEMPT: Readonly<Record<Exemption, string>> = {
  certificates:
    'certificates below /usr/share/ca-certificates, to which /etc/ssl leads: those of the host are used',
  index:
    'the indexes gconv-modules.cache and giomodule.cache, written when packages are installed: libc and GIO read the files beside them where there is none',
  driver:
    'graphics drivers of Mesa, with the libraries that only they need: they have to fit the devices of the machine, so no tree brings them, and `flix vendor` names them as an open need',
};

/** Says how recall is measured, what does not count, and what the trees lack. */
function lackingFiles(results: readonly RowResult[]): string[] {
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
    'Of what the work opened, this does not count:',
    '',
    `- what only programs opened that are not in the tree: ${inRows(
      others.reduce((sum, { recall }) => sum + recall.ofOthers, 0),
      others.length,
    )}`,
    ...exempt,
    '',
    ...(lacking.length === 0 ? [] : ['These count, and the trees lack them:', '']),
    ...lacking.map(({ name, release, recall }) => `- **${name}**, ${release}: ${recall.lacking.join(', ')}`),
    '',
  ];
}

function inRows(files: number, rows: number): string {
  return `${count(files, 'file')} in ${count(rows, 'row')}`;
}

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

/** Compares trees with what the work opened in the staging root: the least that somebody could have picked by hand. */
function sizes(results: readonly RowResult[]): string[] {
  const rows = results.flatMap(({ name, release, attempts }) => {
    const made = attempts.at(-1)?.made;
    return made && compared.has(name) ? [{ name, release, made, ratio: made.bytes / made.recall.bytes }] : [];
  });
  if (rows.length === 0) return [];
  const ordered = rows.map(({ ratio }) => ratio).sort((a, b) => a - b);
  return [
    '## Sizes beside minimal sets',
    '',
    'The minimal set is what the work opened in the staging root below /usr and /opt, without what every host has.',
    '',
    '| program | release | opened | brought | ratio | largest parts that the work did not open |',
    '| ------- | ------- | ------ | ------- | ----- | ---------------------------------------- |',
    ...rows.map(
      ({ name, release, made, ratio }) =>
        `| ${name} | ${release} | ${size(made.recall.bytes)} | ${size(made.bytes)} | ${ratio.toFixed(1)} | ${made.unused.map(({ path, bytes }) => `${path} ${size(bytes)}`).join(', ')} |`,
    ),
    '',
    `The median is ${ordered[Math.floor(ordered.length / 2)]!.toFixed(1)}.`,
    '',
  ];
}
