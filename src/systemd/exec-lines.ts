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

/** Returns the first words of a line without their quotes, and the rest of the line as written. */
export function firstWords(line: string, count: number): { readonly words: string[]; readonly rest: string } {
  const found = [...line.matchAll(WORD)].slice(0, count);
  const last = found.at(-1);
  return {
    words: found.map(([word]) => unquote(word)),
    rest: line.slice(last ? last.index + last[0].length : 0),
  };
}

/** Undoes escapes like those of C (src/basic/escape.c, cunescape); `undefined`: systemd refuses one of them. */
export function unescapeAll(text: string): string | undefined {
  const unescaped = VALID.test(text) ? unescape(text) : '\0';
  return unescaped.includes('\0') ? undefined : unescaped;
}

const VALID =
  /^(?:[^\\]|\\(?:[abfnrtvs\\"']|x[\da-fA-F]{2}|[0-3][0-7]{2}|u[\da-fA-F]{4}|U(?:000[\da-fA-F]|0010)[\da-fA-F]{4}))*$/;

/** Whether a quote in a line is not closed, or the line ends with a backslash. */
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

/** Numbers are those of bytes, except for `\u` and `\U`. */
function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  const escape = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
  const bytes = asBytes(text).replaceAll(escape, (all, hex, octal, short, long, other: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    const code = Number.parseInt(short ?? long, 16);
    // systemd ignores a line with a number that is no character (src/basic/escape.c, cunescape_one)
    if (!Number.isNaN(code)) return code > MAX_CODE_POINT ? all : asBytes(String.fromCodePoint(code));
    return LETTERS[other] ?? other;
  });
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Returns the UTF-8 of a text, with one character for each byte. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
