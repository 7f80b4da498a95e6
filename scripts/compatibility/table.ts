import { count, size } from '../../src/report/numbers.ts';
import { grouped } from '../../src/report/grouped.ts';
import type { Attempt, Mode } from './attempt.ts';
import { isGood, isGoodGround, type RowResult } from './result.ts';
import { type Kind, kinds, type Release } from './row.ts';

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
    ...groups.flatMap(([name, rows]) => section(name, rows)),
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

- **first**: whether it works over (o) and alone (a) with the first command; for wrappers of Flatwrap mode also over the
  other release as an ordinary user (u), although work such as that of a server may need root.
- **in the end**: whether it works, and what was added; “as flix said”: flix named the reason before anything ran.
- **host**: how many libraries of the host, and decoys, processes of the tree opened. The shell of the host that runs a
  wrapper of Flatwrap mode, and the programs that make its view, are not processes of the tree (docs/flatwrap.md); nor does
  the host have an /etc/ld.so.preload then.
- **recall**: how many of the files below /usr and /opt that the work opens in the staging root are in the tree or on every
  host. Certificates are left to the host.
- **unused**: bytes of the tree that the work did not open.
- **open**: how many required or recommended needs stay open.`;

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
  const recalls = rows.flatMap(({ attempts: [attempt] }) => (attempt?.made ? [recallIn(attempt.made)] : []));
  const used = recalls.reduce((sum, recall) => sum + recall.used, 0);
  const lacking = recalls.reduce((sum, recall) => sum + recall.lacking, 0);
  return `| ${[name, rows.length, share(first, rows.length), share(end, rows.length), host, percent(used - lacking, used)].join(' | ')} |`;
}

/** Certificates, which programs open in /etc, where hosts have theirs, and the index of converters, without which libc works. */
const LEFT_TO_HOST = /^\/usr\/share\/ca-certificates\/|\/gconv-modules\.cache$/;

function recallIn({ recall: { used, lacking } }: NonNullable<Attempt['made']>) {
  const left = lacking.filter(path => LEFT_TO_HOST.test(path)).length;
  return { used: used - left, lacking: lacking.length - left };
}

function share(part: number, all: number): string {
  return `${part} (${percent(part, all)})`;
}

function percent(part: number, all: number): string {
  return all === 0 ? '–' : `${(Math.floor((part / all) * 1000) / 10).toFixed(1)} %`;
}

function hostLibraries(attempt: Attempt | undefined): number {
  const { over, alone } = attempt?.made ?? {};
  return new Set([...(over?.hostLibraries ?? []), ...(alone?.hostLibraries ?? [])]).size;
}

function section(name: string, results: readonly RowResult[]): string[] {
  const ordered = [...results].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  return [
    `## ${name}`,
    '',
    '| program | kind | vendored | mode | first | in the end | host | recall | unused | open | size | seconds |',
    '| ------- | ---- | -------- | ---- | ----- | ---------- | ---- | ------ | ------ | ---- | ---- | ------- |',
    ...ordered.map(row),
    '',
    ...failures(ordered),
  ];
}

function row(result: RowResult): string {
  const { name, kind, vendor, version, attempts } = result;
  const [first, last] = [attempts[0], attempts.at(-1)];
  const made = (last?.made ? last : first)?.made;
  const used = made ? Math.max(made.over.usedBytes, made.alone.usedBytes) : 0;
  const { used: files, lacking } = first?.made ? recallIn(first.made) : { used: 0, lacking: 0 };
  const cells = [
    `${name} ${version}`,
    kind,
    `\`${vendor.join(' ')}\``,
    made?.mode ?? '–',
    first?.made ? firstMarks(first.made) : 'no',
    inTheEnd(result),
    made ? String(hostLibraries(last)) : '–',
    first?.made ? percent(files - lacking, files) : '–',
    made ? size(made.bytes - used) : '–',
    made ? String(made.open) : '–',
    made ? size(made.bytes) : '–',
    first ? first.seconds.toFixed(1) : '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

function firstMarks({ over, alone, asUser }: NonNullable<Attempt['made']>): string {
  const user = asUser ? [`u ${asUser.works ? 'yes' : 'no'}`] : [];
  return [`o ${mark(over)}`, `a ${mark(alone)}`, ...user].join(', ');
}

function mark(ground: NonNullable<Attempt['made']>['over']): string {
  return isGoodGround(ground) ? 'yes' : 'no';
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
  return (['over', 'alone'] as const).flatMap(ground => {
    const { reason, hostLibraries: opened, missed } = made[ground];
    if (isGoodGround(made[ground])) return [];
    const why = [
      ...(reason === undefined ? [] : [code(reason)]),
      ...(opened.length === 0 ? [] : [`opened ${opened.join(', ')}`]),
      ...(missed.length === 0
        ? []
        : [`looked for ${count(missed.length, 'path')} in vain, such as ${missed.slice(0, 3).join(', ')}`]),
    ];
    const said = explanation(attempt!, made[ground], kind, name);
    return [
      `- **${name}**, ${ground}: ${why.join('; ')}${said === undefined ? '' : `. flix said before: ${code(said)}`}`,
    ];
  });
}

/** Whether flix printed, before anything ran, why the row does not work: the refusal, or a remark for each ground that fails. */
function isExplained(kind: Kind, name: string, attempt: Attempt | undefined): boolean {
  if (!attempt?.made) return attempt !== undefined;
  return [attempt.made.over, attempt.made.alone].every(
    ground => isGoodGround(ground) || explanation(attempt, ground, kind, name) !== undefined,
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
      (/includes .* which no package has/.test(line) && reason.includes('PAM')) ||
      missed.some(path => path.startsWith('/usr/') && line.includes(path)),
  );
}

function code(text: string): string {
  return `\`${text
    .replaceAll(/[`|\p{Cc}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()}\``;
}

function lastLine(text: string): string {
  return text.trim().split('\n').slice(-2).join(' ');
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
