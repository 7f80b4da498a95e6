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
 * evaluates neither variables nor functions. Comments and here-documents may give further commands, which name no known program.
 */
export function commandsIn(script: string): Word[][] {
  const commands: Word[][] = [];
  for (const line of script.replaceAll('\\\n', ' ').split('\n')) {
    for (const words of commandsOfLine(line)) {
      while (words.length > 0 && KEYWORDS.has(words[0])) words.shift();
      if (words.length > 0) commands.push(words);
    }
  }
  return commands;
}

/** A blank, an operator, a comment, or a piece of a word. */
const TOKEN =
  /(?<blank>\s+)|(?<redirect>\d*(?:>>|[<>])&?\s*[^\s;&|]*)|(?<operator>[;&|()]+)|(?<comment>#.*)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)|(?<plain>[^\s;&|()<>'"\\#][^\s;&|()<>'"\\]*)|(?<other>.)/gsu;

function commandsOfLine(line: string): Word[][] {
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
    const { single, double, escaped, plain } = groups;
    if (groups['comment'] !== undefined && !isOpen) break;
    if (groups['blank'] !== undefined || groups['redirect'] !== undefined) close();
    else if (groups['operator'] !== undefined) {
      close();
      commands.push([]);
    } else if (single !== undefined) add(single, true);
    else if (double !== undefined) add(double.replaceAll(/\\(["\\$`])/g, '$1'), !/[$`]/.test(double));
    else if (escaped !== undefined) add(escaped, true);
    else add(text, !/[$`*?]/.test(plain ?? text));
  }
  close();
  return commands.filter(({ length }) => length > 0);
}
