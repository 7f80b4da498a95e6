import type { Evidence, JudgedNeed, Strength } from '../needs/need.ts';
import { isBrought, reaches } from '../needs/need.ts';
import { targetOf } from '../plan/target.ts';
import { printable } from '../printable.ts';
import { within } from '../view/path.ts';
import { grouped } from './grouped.ts';
import { count, size } from './numbers.ts';
import type { Style } from './style.ts';

/** A path or library that one or several files need, with the strongest need first. */
interface NeededFile {
  readonly what: string;
  readonly needs: readonly JudgedNeed[];
}

/** Joins the needs for the same file, and leaves out what is open in a directory that is open, too. Keeps the order. */
function neededFiles(needs: readonly JudgedNeed[]): NeededFile[] {
  const files = [...grouped(needs, ({ what }) => what)].map(([what, same]) => ({ what, needs: same }));
  const open = files.filter(({ needs: [need] }) => need!.verdict === 'open').map(({ what }) => what);
  return files.filter(
    ({ what, needs: [need] }) =>
      need!.verdict !== 'open' || !open.some(other => other !== what && within(other, what)),
  );
}

/** Lists needs by package, the worst first, for `flix needs`. */
export function needsText(needs: readonly JudgedNeed[], style: Style): string {
  const shown = neededFiles(needs);
  if (shown.length === 0) return 'nothing beyond the libraries that the loader loads\n';
  const paragraphs = [...grouped(shown, ({ needs: [need] }) => need!.package ?? '')].map(([owner, files]) => {
    const bytes = files.reduce((sum, { needs: [need] }) => sum + need!.size(), 0);
    const head = `${style.strong(owner === '' ? 'no package' : printable(owner))}  ${style.faint(size(bytes))}`;
    return [head, ...files.map(file => fileLines(file, style))].join('\n');
  });
  return `${[...paragraphs, ...pasteLines(shown)].join('\n\n')}\n`;
}

function fileLines({ what, needs }: NeededFile, { faint, bad }: Style): string {
  const [need] = needs as [JudgedNeed];
  const { strength, verdict, place, evidence, because } = need;
  const bytes = need.size();
  const others = needs.length > 1 ? `, and ${count(needs.length - 1, 'other file')}` : '';
  const isBad = verdict === 'open' && strength === 'required';
  const state = isBad ? bad('open') : place === undefined ? verdict : `${verdict} to ${printable(place)}`;
  return [
    `  ${printable(what)}  ${faint(bytes > 0 ? size(bytes) : '')}`.trimEnd(),
    `    ${strength}, ${state}: ${printable(evidenceText(evidence))}${others}`,
    ...(because === undefined ? [] : [`    ${because}`]),
  ].join('\n');
}

/** Says what shows a need, and where. */
export function evidenceText({
  kind,
  file,
  text,
  line,
}: Readonly<Omit<Evidence, 'kind'>> & { readonly kind: string }): string {
  switch (kind) {
    case 'libc':
      return 'the libc opens it by itself';
    case 'note':
      return `a .note.dlopen of ${file}`;
    case 'soname':
      return `${file} calls dlopen and contains “${text}”`;
    case 'path':
      return `${file} contains “${text}”`;
    case 'program':
      return `${file} contains “${text}”, and its package depends on the package of that program`;
    case 'beside':
      return `${file} looks for “${text}” beside itself`;
    case 'interpreter':
      return `runs ${file}`;
    case 'command':
      return `line ${line} of ${file} runs “${text}”`;
    case 'script':
      return `line ${line} of ${file}`;
    case 'import':
      return `${file}${line ? `, line ${line},` : ''} loads the module ${text}`;
    default:
      return `${text} for ${file}`;
  }
}

/** Returns the options that bring what is open: one line for each level. */
function pasteLines(files: readonly NeededFile[]): string[] {
  const open = bringable(files);
  if (open.length === 0) return [];
  const lines = (['recommended', 'suggested'] as const).flatMap(level => {
    const more = open.filter(({ needs: [need] }) => reaches(need!.strength, level));
    return more.length > 0
      ? [`--needs ${level}  brings ${count(more.length, 'more path')}, ${total(more)}`]
      : [];
  });
  return [[...lines, includeOptions(open)].filter(Boolean).join('\n')];
}

function bringable(files: readonly NeededFile[]): NeededFile[] {
  return files.filter(
    ({ needs: [need] }) =>
      need!.verdict === 'open' && need!.because === undefined && need!.owner !== 'machine',
  );
}

function total(files: readonly NeededFile[]): string {
  return size(files.reduce((sum, { needs: [need] }) => sum + need!.size(), 0));
}

function includeOptions(files: readonly NeededFile[]): string {
  const own = files.filter(({ needs: [need] }) => isIncludable(need!));
  return own.map(({ what }) => (what.startsWith('/') ? `--include ${what}` : `--dlopen ${what}`)).join(' ');
}

/** Whether an option can name it: a tree has no path of its own for what hosts have at the same path, nor for files of /etc. */
function isIncludable({ what, owner }: Pick<JudgedNeed, 'what' | 'owner'>): boolean {
  return owner === undefined && !(what.startsWith('/') && targetOf(what) === undefined);
}

/** In the summary of a tree, so many of the open needs are listed. */
const SHOWN = 6;

/** Returns the paths and libraries that the summary of a tree names, or counts, as not brought. */
export function namedInSummary(needs: readonly JudgedNeed[]): Set<string> {
  return new Set(missedIn(neededFiles(needs)).map(({ what }) => what));
}

function missedIn(files: readonly NeededFile[]): NeededFile[] {
  const open = files.filter(
    ({ needs: [need] }) => need!.verdict === 'open' && reaches(need!.strength, 'recommended'),
  );
  return open.filter(({ needs: [need] }) => need!.owner !== 'machine' || need!.strength === 'required');
}

/** Returns rows for the summary of a tree: what was brought, and what is not, worst first. */
export function needRows(needs: readonly JudgedNeed[], level: Strength): string[] {
  const files = neededFiles(needs.filter(({ evidence }) => evidence.kind !== 'libc'));
  const brought = files.filter(({ needs: [need] }) => isBrought(need!));
  const missed = missedIn(files);
  const rows: string[] = [];
  if (brought.length > 0)
    rows.push(
      `${count(brought.length, 'path')}, ${total(brought)}: ${brought
        .map(({ what }) => printable(what))
        .slice(0, SHOWN)
        .join(' ')}${brought.length > SHOWN ? ' …' : ''}`,
    );
  for (const {
    what,
    needs: [need],
  } of missed.slice(0, SHOWN))
    rows.push(
      `not brought: ${printable(what)}, ${size(need!.size())}, for ${printable(need!.evidence.file)}`,
    );
  if (missed.length > SHOWN)
    rows.push(`not brought: ${count(missed.length - SHOWN, 'other path')}; “flix needs” lists all`);
  const more = bringable(missed);
  if (more.length > 0)
    rows.push(
      level === 'required'
        ? `--needs recommended brings ${more.length === 1 ? 'it' : `${more.length === missed.length ? 'all of them' : `${more.length} of them`}, ${total(more)}`}`
        : includeOptions(more),
    );
  const candidates = new Set(
    needs.flatMap(({ what, verdict, strength, evidence }) =>
      verdict === 'open' && strength === 'candidate' && evidence.kind === 'path' ? [what] : [],
    ),
  );
  if (candidates.size > 0)
    rows.push(
      `${count(candidates.size, 'other path')} that programs and libraries contain ${candidates.size === 1 ? 'is' : 'are'} not in the tree; “flix needs --all” lists ${candidates.size === 1 ? 'it' : 'them'}`,
    );
  return rows;
}

/** Returns needs as a document, for scripts. */
export function needsDocument(
  needs: readonly JudgedNeed[],
  offsetOf: (evidence: Evidence) => number | undefined,
) {
  return {
    schema: 'flix.needs/1',
    needs: needs.map(need => {
      const { kind, file, text, line } = need.evidence;
      const offset = line === undefined ? offsetOf(need.evidence) : undefined;
      return {
        what: need.what,
        who: file,
        evidence: {
          kind,
          text,
          ...(line !== undefined && { line }),
          ...(offset !== undefined && { offset }),
        },
        strength: need.strength,
        verdict: need.verdict,
        place: need.place ?? null,
        because: need.because ?? null,
        package: need.package ?? null,
        size: need.size(),
        fix: fixOf(need),
      };
    }),
  };
}

/** Returns the option of `flix vendor` that brings an open need; `null`: there is none. */
function fixOf({ what, verdict, owner, strength, because }: JudgedNeed): string | null {
  if (verdict !== 'open' || owner === 'machine') return null;
  if (because !== undefined) return because.includes('--mode flatwrap') ? '--mode flatwrap' : null;
  if (!isIncludable({ what, ...(owner && { owner }) })) return `--needs ${strength}`;
  return what.startsWith('/') ? `--include ${what}` : `--dlopen ${what}`;
}
