import { parseSettings, valuesOf } from './unit-files.ts';

const EXEC_KEY = /^Exec(?:Condition|Start(?:Pre|Post)?|Reload(?:Post)?|Stop(?:Pre|Post)?)$/;

/**
 * The programs that a unit file starts, each once and as written: absolute paths, or names that systemd looks up
 * (systemd.service(5), COMMAND LINES). Leaves out programs whose names contain specifiers, which only systemd can
 * expand.
 */
export function unitPrograms(text: string): string[] {
  const settings = parseSettings(text);
  const programs = new Map<string, string[]>();
  for (const { section, key } of settings)
    if (EXEC_KEY.test(key) && !programs.has(`${section} ${key}`))
      programs.set(`${section} ${key}`, valuesOf({ settings }, section, key).flatMap(programsOf));
  return [...new Set([...programs.values()].flat())];
}

/** The program of each command of a line, if its name contains no specifiers. */
function programsOf(value: string): string[] {
  return commandsIn(value)
    .map(({ program }) => program)
    .filter(program => program !== '' && !/%(?!%)/.test(program.replaceAll('%%', '')))
    .map(program => program.replaceAll('%%', '%'));
}

/** A command of an Exec line. */
export interface Command {
  /** The special characters before the program, such as `-+`. */
  readonly prefixes: string;
  /** As written: a path, or a name that systemd looks up. */
  readonly program: string;
}

/** The commands of an Exec line; a `;` by itself separates them. */
export function commandsIn(value: string): Command[] {
  const found: Command[] = [];
  let first = true;
  for (const word of words(value)) {
    if (word === ';') first = true;
    else if (first) {
      first = false;
      const [prefixes, program] = [/^[-@:+!|]*/.exec(unquote(word))![0], unquote(word)];
      found.push({ prefixes, program: program.slice(prefixes.length) });
    }
  }
  return found;
}

/** The words of a line, without their quotes (systemd.syntax(7), QUOTING). */
export function splitWords(line: string): string[] {
  return words(line).map(unquote);
}

/** Whether a quote of a line is not closed, or nothing follows a backslash at its end. */
export function isUnfinished(line: string): boolean {
  return line.replaceAll(WORD, '').trim() !== '';
}

/** A quoted part may begin inside a word. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\.|[^\s"'\\])+/gs;

function words(value: string): readonly string[] {
  return value.match(WORD) ?? [];
}

const PART = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:\\.|[^"'\\])+)/gs;

function unquote(word: string): string {
  return word.replaceAll(PART, (all, double, single) => unescape(double ?? single ?? all));
}

const LETTERS: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

const MAX_CODE_POINT = 0x10ffff;

function unescape(text: string): string {
  const escape = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
  return text.replaceAll(escape, (all, hex, octal, short, long, other: string) => {
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long, 16) : Number.parseInt(octal, 8);
    // systemd ignores a line with a number that is no character (src/basic/escape.c, cunescape_one)
    if (!Number.isNaN(code)) return code > MAX_CODE_POINT ? all : String.fromCodePoint(code);
    return LETTERS[other] ?? other;
  });
}
