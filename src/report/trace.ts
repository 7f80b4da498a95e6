import { printable, someOf } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import type { RootTrace, Uncovered } from '../vendor/trace.ts';
import { grouped } from './grouped.ts';
import { count } from './numbers.ts';
import type { Style } from './style.ts';

export interface TraceResult {
  readonly command: readonly string[];
  /** The root and the paths of the plan. */
  readonly vendor: readonly string[];
  readonly trace: RootTrace;
}

/** The document that `flix trace --report` writes. */
export function traceDocument({ command, trace }: TraceResult) {
  return { schema: 'flix.trace/1', command, ...trace };
}

/** Lists what a run used and a plan does not bring: by package, and what no extension need bring last. */
export function traceText({ command, vendor, trace }: TraceResult, style: Style): string {
  const { status, used, covered, uncovered } = trace;
  const head = `${style.strong(printable(command[0]!))}: exit status ${status}, ${count(used, 'file')} of the root used, ${covered} of them in the plan`;
  const missing = uncovered.filter(({ because }) => because === undefined);
  const packages = grouped(missing, item => item.package ?? 'no package');
  const others = (['every host has it', 'outside'] as const).flatMap(because => {
    const paths = uncovered.filter(item => item.because === because).map(({ path }) => path);
    const what = because === 'outside' ? 'not in /usr or /opt' : 'every host has';
    return paths.length > 0 ? [`  ${style.faint(`${what}: ${shortList(paths)}`)}`] : [];
  });
  const words = vendor.map(word => shellWord(printable(word)));
  return [
    head,
    ...[...packages].flatMap(([name, items]) => [`  ${printable(name)}`].concat(items.map(line))),
    ...others,
    ...(missing.length > 0
      ? [
          `  Bring it: flix vendor ${words.join(' ')} ${missing.map(({ path }) => `--seen ${shellWord(printable(path))}`).join(' ')}`,
        ]
      : []),
    '',
  ].join('\n');
}

function line({ path, files, programs }: Uncovered): string {
  const inside = files[0] === path ? '' : ` (${count(files.length, 'file')})`;
  return printable(`    ${path}${inside}, used by ${shortList(programs)}`);
}

function shortList(texts: readonly string[]): string {
  return someOf(texts.map(printable), 6, ' ');
}
