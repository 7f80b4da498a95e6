const COMMAND =
  /^(Exec(?:Condition|Start(?:Pre|Post)?|Reload(?:Post)?|Stop(?:Pre|Post)?))[ \t]*=[ \t]*(.*)$/s;

/**
 * The programs of a unit's Exec lines as they are written there, each once, in order (systemd.service(5), COMMAND
 * LINES). One whose name only systemd knows, by a specifier, is left out.
 */
export function unitPrograms(text: string): string[] {
  const byKey = new Map<string, string[]>();
  for (const line of logicalLines(text)) {
    const [, key, value] = COMMAND.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    // an empty one takes back those before it
    byKey.set(key, value === '' ? [] : [...(byKey.get(key) ?? []), ...commands(value)]);
  }
  return [...new Set([...byKey.values()].flat())];
}

/** A backslash at the end continues a line, past comments (systemd.syntax(7)). */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^[ \t]*[#;]/.test(line)) continue;
    if (line.endsWith('\\')) {
      open += `${line.slice(0, -1)} `;
      continue;
    }
    lines.push((open + line).trim());
    open = '';
  }
  return [...lines, open.trim()];
}

/** The program of each command of a line; a lone `;` is between commands. */
function commands(value: string): string[] {
  const found: string[] = [];
  let first = true;
  for (const word of words(value)) {
    if (word === ';') first = true;
    else if (first) {
      first = false;
      found.push(unquote(word).replace(/^[-@:+!|]+/, ''));
    }
  }
  return found
    .filter(program => program !== '' && !/%(?!%)/.test(program.replaceAll('%%', '')))
    .map(program => program.replaceAll('%%', '%'));
}

/** Quotes may begin within a word. */
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

function unescape(text: string): string {
  const escape = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
  return text.replaceAll(escape, (_, hex, octal, short, long, other: string) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = hex ?? short ?? long;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    return LETTERS[other] ?? other;
  });
}
