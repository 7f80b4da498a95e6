/** A word of a script; `undefined`: only a shell could evaluate it. */
type Word = string | undefined;

/** A command of a maintainer script. */
export interface ScriptCommand {
  readonly owner: string;
  readonly program: string;
  /** `undefined`: an argument that only a shell could evaluate. */
  readonly args: readonly (string | undefined)[];
}

/** Shell keywords that may precede a command. */
const KEYWORDS: ReadonlySet<Word> = new Set([
  'if',
  'then',
  'else',
  'elif',
  'do',
  'while',
  'until',
  '!',
  '{',
  '(',
  'exec',
]);

/**
 * Lists the simple commands of a shell script, whether or not they would run. Reads words and quotes as sh(1) does, but
 * calls no functions, and expands only variables that the script sets once. The text of comments and here-documents may yield
 * further commands, but no known program is among them.
 */
export function commandsIn(script: string): Word[][] {
  const commands: Word[][] = [];
  const constants = constantsIn(script);
  for (const line of script.replaceAll('\\\n', ' ').split('\n')) {
    for (const words of commandsOfLine(line, constants)) {
      while (words.length > 0 && KEYWORDS.has(words[0])) words.shift();
      if (words.length > 0) commands.push(words);
    }
  }
  return commands;
}

/** The variables that a script sets once, with their values. */
type Constants = ReadonlyMap<string, string>;

/** A line that assigns a plain word, such as `USER="redis"`. */
const ASSIGNMENT = /^\s*(?:(?:export|readonly)\s+)?([A-Za-z_]\w*)=("?)([\w@%+:.,/-]+)\2\s*(?:#.*)?$/;
/** Assignments, and commands that set variables. */
const SETS = /(?:^|[\s;&|(])([A-Za-z_]\w*)\+?=|\b(?:for|read|unset|getopts)\s([^;&|\n]*)/g;

/** Returns the variables that a script sets exactly once, to a plain word. */
function constantsIn(script: string): Constants {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [, name, others] of script.matchAll(SETS)) {
    if (name !== undefined) count(name);
    else for (const other of others!.split(/\W+/)) count(other);
  }
  const assigned = script.split('\n').flatMap((line): [string, string][] => {
    const [, name, , value] = ASSIGNMENT.exec(line) ?? [];
    return name !== undefined && counts.get(name) === 1 ? [[name, value!]] : [];
  });
  return new Map(assigned);
}

/** A parameter expansion without an operator: `$NAME` or `${NAME}`. */
const EXPANSION = /(?<!\\)\$(?:\{(\w+)\}|(\w+))/g;

/** Expands the constants in a word that is not in single quotes. */
function expanded(text: string, constants: Constants): string {
  if (constants.size === 0) return text;
  return text.replaceAll(
    EXPANSION,
    (all, braced?: string, bare?: string) => constants.get((braced ?? bare)!) ?? all,
  );
}

/** A blank, an operator, a comment, or a piece of a word. */
const TOKEN =
  /(?<blank>\s+)|(?<redirect>\d*(?:>>|[<>])&?\s*[^\s;&|]*)|(?<operator>[;&|()]+)|(?<comment>#.*)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)|(?<plain>[^\s;&|()<>'"\\#][^\s;&|()<>'"\\]*)|(?<other>.)/gsu;

function commandsOfLine(line: string, constants: Constants): Word[][] {
  const commands: Word[][] = [[]];
  let word: string | undefined = '';
  let isOpen = false;
  const close = () => {
    if (isOpen) commands.at(-1)!.push(word);
    [word, isOpen] = ['', false];
  };
  const add = (text: string, isLiteral: boolean) => {
    word = isLiteral && word !== undefined ? word + text : undefined;
    isOpen = true;
  };
  for (const { groups = {}, 0: text } of line.matchAll(TOKEN)) {
    const { single, escaped } = groups;
    const double = groups['double'] === undefined ? undefined : expanded(groups['double'], constants);
    const plain = groups['plain'] === undefined ? undefined : expanded(groups['plain'], constants);
    if (groups['comment'] !== undefined && !isOpen) break;
    if (groups['blank'] !== undefined || groups['redirect'] !== undefined) close();
    else if (groups['operator'] !== undefined) {
      close();
      commands.push([]);
    } else if (single !== undefined) add(single, true);
    else if (double !== undefined) add(double.replaceAll(/\\(["\\$`])/g, '$1'), !/[$`]/.test(double));
    else if (escaped !== undefined) add(escaped, true);
    else add(plain ?? text, !/[$`*?]/.test(plain ?? text));
  }
  close();
  return commands.filter(({ length }) => length > 0);
}
