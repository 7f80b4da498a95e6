import { printable } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import { targetOf } from '../plan/target.ts';
import type { VmOutcome } from '../trial/vm-trial.ts';
import type { HostUse, Missed, Trial } from '../trial/judge.ts';
import { count } from './numbers.ts';
import type { Rounds } from '../vendor/try-rounds.ts';
import type { Style } from './style.ts';

/** How the command of `flix try` ended, and what it used. */
export interface TrialResult {
  readonly command: readonly string[];
  readonly status: number;
  /** Whether there was a staging root in which to look for the paths that the command did not find. */
  readonly compared: boolean;
  /** `undefined`: strace(1) is not installed. */
  readonly trial: Trial | undefined;
}

/** The document that `flix try --report` writes. */
export function trialDocument({ command, status, compared, trial }: TrialResult) {
  return {
    schema: 'flix.trial/1',
    command,
    status,
    traced: trial !== undefined,
    missed: compared ? (trial?.missed ?? []) : null,
    hostLibraries: trial?.libraries ?? [],
    ...(trial?.planned && { plannedLibraries: trial.planned }),
    hostPrograms: trial?.programs ?? [],
    hostData: trial?.data ?? [],
    ownFiles: trial?.own ?? null,
  };
}

/** The number of lines of one kind; the report counts further ones. */
const MAX_LINES = 12;

export function trialText({ command, status, compared, trial }: TrialResult, style: Style): string {
  const name = printable(command[0]!);
  if (!trial)
    return `${name}: exit status ${status}; strace is not installed, so what it opened is unknown\n  Debian, Ubuntu: apt-get install strace\n`;
  const { programs, data, own } = trial;
  const [missed, outside] = apart(trial.missed);
  const summary = [
    `exit status ${status}`,
    `${count(own, 'file')} of the extensions used`,
    librariesText(trial),
    ...(compared ? [`${count(missed.length, 'path')} missing`] : []),
  ];
  return [
    `${style.strong(name)}: ${summary.join(', ')}`,
    ...missed.map(item => `  ${style.bad('missing')}  ${missedText(item)}`),
    ...outside.map(item => `  ${style.faint('outside')}  ${outsideText(item)}`),
    ...rows(trial.libraries, style.bad('leak   '), leakText(trial)),
    ...rows(programs, style.faint('runs   '), ({ path, program }) => `${path} of the host, for ${program}`),
    ...rows(data, style.faint('reads  '), ({ path, program }) => `${path} of the host, for ${program}`),
    ...(missed.length > 0
      ? [`  Bring what is missing: flix vendor … ${missed.map(bringing).join(' ')}`]
      : []),
    ...(compared
      ? []
      : [
          '  To see which paths it missed, name the root from which the extensions were made: --staging <root>',
        ]),
    '',
  ].join('\n');
}

type HostLibraries = Pick<Trial, 'libraries' | 'planned'>;

/**
 * Counts the libraries of the host that were used. If a tree is bound to hosts, only those that were not planned are a fault.
 */
function librariesText({ libraries, planned }: HostLibraries): string {
  const all = (planned?.length ?? 0) + libraries.length;
  const text = `${count(all, 'library', 'libraries')} of the host`;
  return planned ? `${text} (${planned.length} as planned, ${libraries.length} not)` : text;
}

/** Returns the function that describes a library of the host in a process of the trees. */
function leakText({ planned }: HostLibraries): (use: HostUse) => string {
  return ({ path, program }) =>
    planned
      ? `${path}, loaded by ${program}, which the tree does not expect of its hosts; if a program opens it, vendor with --dlopen`
      : `${path}, loaded by ${program}`;
}

/** How the command of `flix try --vm` ended, and the state of extensions and units in the machine. */
export interface VmResult extends Pick<
  VmOutcome,
  'status' | 'merged' | 'failed' | 'journal' | 'kernel' | 'emulated' | 'unreadable'
> {
  readonly command: readonly string[];
  /** The names of the extensions that systemd should merge. */
  readonly expected: readonly string[];
}

export function vmText(result: VmResult, style: Style): string {
  const { command, expected, status, merged, failed, journal, kernel, emulated, unreadable } = result;
  const lacking = expected.filter(name => !merged.includes(name));
  const causes = journal.split('\n').filter(line => /(?:sys|conf)ext|flix-trial/.test(line));
  return [
    `${style.strong(printable(command[0]!))}: exit status ${status}, ${emulated ? 'emulated' : 'with KVM'}, kernel ${printable(kernel)}`,
    ...merged.map(name => `  ${style.faint('merged ')}  ${printable(name)}`),
    ...lacking.map(name => `  ${style.bad('refused')}  ${printable(name)}: the machine did not merge it`),
    ...failed.map(unit => `  ${style.bad('failed ')}  ${printable(unit)}`),
    ...(unreadable.length > 0
      ? [
          `  ${style.bad('lacking')}  ${count(unreadable.length, 'file')} of the root that you may not read, such as ${printable(unreadable[0]!)}`,
        ]
      : []),
    ...(lacking.length > 0 ? causes.slice(-MAX_LINES).map(line => `    ${printable(line.trim())}`) : []),
    '',
  ].join('\n');
}

/** Separates the paths that an extension can bring from those outside /usr and /opt. */
function apart(missed: readonly Missed[]): [Missed[], Missed[]] {
  const isOutside = ({ path }: Missed) => targetOf(path) === undefined;
  return [missed.filter(item => !isOutside(item)), missed.filter(isOutside)];
}

function outsideText({ path, programs, atBoot }: Missed): string {
  const remark = atBoot
    ? 'systemd-tmpfiles creates it at boot, which a trial does not do'
    : 'it is outside /usr and /opt, so the host must have it';
  return printable(`${path}: ${programs.join(', ')} did not find it; ${remark}`);
}

/** Returns the option of `flix vendor` that brings it. */
function bringing({ path, library }: Missed): string {
  return library === undefined
    ? `--include ${shellWord(printable(path))}`
    : `--dlopen ${shellWord(printable(library))}`;
}

function rows(uses: readonly HostUse[], label: string, text: (use: HostUse) => string): string[] {
  const shown = uses.slice(0, MAX_LINES).map(use => `  ${label}  ${printable(text(use))}`);
  return uses.length > MAX_LINES ? [...shown, `  ${label}  and ${uses.length - MAX_LINES} more`] : shown;
}

function missedText({ path, files, programs, root }: Missed): string {
  const what = files.length > 1 ? `${path} (${files.length} paths in it)` : path;
  return printable(`${what}: ${programs.join(', ')} did not find it, but ${root} has it`);
}

/** Returns the part of the document of `flix vendor --json` about the runs of `--try`. */
export function roundsDocument({ additions, trial, runs }: Rounds) {
  const { missed, libraries, planned } = trial;
  return {
    runs,
    ...additions,
    missed,
    hostLibraries: libraries,
    ...(planned && { plannedLibraries: planned }),
  };
}

/** Returns lines with what the runs of `--try` showed, and the options with which the next build needs no run. */
export function roundRows({ additions: { seen, dlopen }, trial, runs }: Rounds): string[] {
  const { missed, libraries } = trial;
  const options = [
    ...seen.map(path => `--seen ${shellWord(printable(path))}`),
    ...dlopen.map(name => `--dlopen ${shellWord(printable(name))}`),
  ];
  return [
    `${count(runs, 'run')} loaded ${librariesText(trial)}`,
    ...(options.length > 0 ? [`brought; the next build needs no run with ${options.join(' ')}`] : []),
    ...missed.map(item =>
      targetOf(item.path) === undefined ? outsideText(item) : `not brought: ${missedText(item)}`,
    ),
    ...libraries.map(use => printable(`leak: ${leakText(trial)(use)}`)),
  ];
}
