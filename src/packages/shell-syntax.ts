/** A piece of a word: text, a parameter, or what only a shell could evaluate. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string; readonly isQuoted: boolean }
  | {
      readonly kind: 'parameter';
      readonly name: string;
      /** `-`: the operand is the value if the parameter is unset or empty; `+`: unless it is. */
      readonly operator: '-' | '+' | undefined;
      readonly operand: string;
      readonly isQuoted: boolean;
    }
  | { readonly kind: 'unknown' };

export type Word = readonly Piece[];

/** A command of the shell (POSIX.1, Shell Command Language, 2.9). */
export type ShellCommand =
  | { readonly kind: 'simple'; readonly words: readonly Word[] }
  | { readonly kind: 'if'; readonly arms: readonly Arm[]; readonly otherwise: readonly ShellCommand[] }
  | { readonly kind: 'while'; readonly body: readonly ShellCommand[] }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[];
      readonly body: readonly ShellCommand[];
    }
  | { readonly kind: 'case'; readonly word: Word; readonly arms: readonly CaseArm[] }
  | { readonly kind: 'function'; readonly name: string; readonly body: readonly ShellCommand[] }
  | { readonly kind: 'group' | 'apart'; readonly body: readonly ShellCommand[] }
  | { readonly kind: 'not'; readonly command: ShellCommand }
  | { readonly kind: 'chain'; readonly first: ShellCommand; readonly rest: readonly Link[] };

/** A command of a list of `&&` and `||`. */
interface Link {
  readonly operator: '&&' | '||';
  readonly command: ShellCommand;
}
interface Arm {
  readonly test: readonly ShellCommand[];
  readonly body: readonly ShellCommand[];
}
interface CaseArm {
  readonly patterns: readonly Word[];
  readonly body: readonly ShellCommand[];
}

type Token = { readonly operator: string } | { readonly word: Word; readonly plain: string | undefined };

const OPERATORS = [';;', '&&', '||', ';', '&', '|', '(', ')', '\n'];
/** Words that end a list of commands. */
const CLOSING: ReadonlySet<string> = new Set(['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}']);
const MAX_DEPTH = 100;

/**
 * Parses a shell script. Reads no arithmetic and no substituted commands; a word that contains them is unknown. What comes after
 * the first error of syntax is left out, and `isWhole` is false.
 */
export function parseShell(script: string): {
  readonly commands: readonly ShellCommand[];
  readonly isWhole: boolean;
} {
  const parser = new Parser(tokensOf(script));
  const commands = parser.list();
  return { commands, isWhole: parser.isAtEnd };
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** Reads commands up to a closing word or operator. */
  list(): ShellCommand[] {
    const commands: ShellCommand[] = [];
    if (++this.#depth > MAX_DEPTH) return commands;
    for (;;) {
      while (this.#takeOperator(';', '\n', '&') !== undefined);
      const command = this.#andOr();
      if (command === undefined) break;
      commands.push(command);
      if (this.#operator() !== undefined && this.#takeOperator(';', '\n', '&') === undefined) break;
    }
    this.#depth--;
    return commands;
  }

  #andOr(): ShellCommand | undefined {
    const first = this.#pipeline();
    const rest: Link[] = [];
    if (first === undefined) return undefined;
    for (;;) {
      const operator = this.#takeOperator('&&', '||');
      if (operator === undefined) break;
      this.#skipLines();
      const command = this.#pipeline();
      if (command === undefined) break;
      rest.push({ operator: operator === '&&' ? '&&' : '||', command });
    }
    return rest.length > 0 ? { kind: 'chain', first, rest } : first;
  }

  #pipeline(): ShellCommand | undefined {
    const isNegated = this.#take('!');
    const first = this.#command();
    if (first === undefined || this.#takeOperator('|') === undefined)
      return first && isNegated ? { kind: 'not', command: first } : first;
    // each command of a pipeline may run in a shell of its own
    const body = [first];
    do {
      this.#skipLines();
      const next = this.#command();
      if (next === undefined) break;
      body.push(next);
    } while (this.#takeOperator('|') !== undefined);
    const command: ShellCommand = { kind: 'apart', body };
    return isNegated ? { kind: 'not', command } : command;
  }

  #command(): ShellCommand | undefined {
    if (this.#takeOperator('(') !== undefined) {
      const body = this.list();
      this.#takeOperator(')');
      return { kind: 'apart', body };
    }
    const plain = this.#plain();
    if (plain !== undefined && CLOSING.has(plain)) return undefined;
    if (this.#take('{')) {
      const body = this.list();
      this.#take('}');
      return { kind: 'group', body };
    }
    if (this.#take('if')) return this.#if();
    if (this.#take('while') || this.#take('until')) {
      const test = this.list();
      return { kind: 'while', body: [...test, ...this.#doGroup()] };
    }
    if (this.#take('for')) return this.#for();
    if (this.#take('case')) return this.#case();
    return this.#functionOrSimple();
  }

  #if(): ShellCommand {
    const arms: Arm[] = [];
    let otherwise: ShellCommand[] = [];
    do {
      const test = this.list();
      this.#take('then');
      arms.push({ test, body: this.list() });
    } while (this.#take('elif'));
    if (this.#take('else')) otherwise = this.list();
    this.#take('fi');
    return { kind: 'if', arms, otherwise };
  }

  #doGroup(): ShellCommand[] {
    this.#take('do');
    const body = this.list();
    this.#take('done');
    return body;
  }

  #for(): ShellCommand {
    const name = this.#plain() ?? '';
    this.#at++;
    this.#skipLines();
    const words = this.#take('in') ? this.#words() : [parameter('@', true)];
    while (this.#takeOperator(';', '\n') !== undefined);
    return { kind: 'for', name, words, body: this.#doGroup() };
  }

  #case(): ShellCommand {
    const [word = []] = this.#words(1);
    this.#skipLines();
    this.#take('in');
    const arms: CaseArm[] = [];
    this.#skipLines();
    while (!this.isAtEnd && !this.#take('esac')) {
      this.#takeOperator('(');
      const patterns = this.#words(1);
      while (this.#takeOperator('|') !== undefined) patterns.push(...this.#words(1));
      if (this.#takeOperator(')') === undefined) break;
      arms.push({ patterns, body: this.list() });
      if (this.#takeOperator(';;') === undefined) {
        this.#take('esac');
        break;
      }
      this.#skipLines();
    }
    return { kind: 'case', word, arms };
  }

  #functionOrSimple(): ShellCommand | undefined {
    const isNamed = this.#take('function');
    const name = this.#plain();
    const words = this.#words();
    if (words.length === 0) return undefined;
    const isFunction = words.length === 1 && name !== undefined && this.#operator() === '(';
    if (!isFunction && !isNamed) return { kind: 'simple', words };
    this.#takeOperator('(');
    this.#takeOperator(')');
    this.#skipLines();
    const body = this.#command();
    return { kind: 'function', name: name ?? '', body: body ? [body] : [] };
  }

  #words(most = Infinity): Word[] {
    const words: Word[] = [];
    for (let token; words.length < most && (token = this.#tokens[this.#at]) && 'word' in token; this.#at++)
      words.push(token.word);
    return words;
  }

  #skipLines(): void {
    while (this.#takeOperator('\n') !== undefined);
  }

  #operator(): string | undefined {
    const token = this.#tokens[this.#at];
    return token && 'operator' in token ? token.operator : undefined;
  }

  #takeOperator(...operators: readonly string[]): string | undefined {
    const operator = this.#operator();
    if (operator === undefined || !operators.includes(operator)) return undefined;
    this.#at++;
    return operator;
  }

  /** The next word, if it has no quotes and no expansions. */
  #plain(): string | undefined {
    const token = this.#tokens[this.#at];
    return token && 'word' in token ? token.plain : undefined;
  }

  #take(keyword: string): boolean {
    const isNext = this.#plain() === keyword;
    if (isNext) this.#at++;
    return isNext;
  }
}

function parameter(name: string, isQuoted: boolean, operator?: string, operand = ''): Word {
  const known = operator === '-' || operator === '+' ? operator : undefined;
  return [{ kind: 'parameter', name, operator: known, operand, isQuoted }];
}

/** Splits a script into words and operators; leaves out comments, redirections and here-documents. */
function tokensOf(script: string): Token[] {
  const tokens: Token[] = [];
  const text = script.replaceAll('\\\n', '');
  let at = 0;
  let documents: string[] = [];
  while (at < text.length) {
    const next = text[at]!;
    if (next === ' ' || next === '\t' || next === '\r') at++;
    else if (next === '#') at = endOfLine(text, at);
    else if (next === '\n') {
      tokens.push({ operator: '\n' });
      at++;
      for (const end of documents) at = afterDocument(text, at, end);
      documents = [];
    } else {
      const [redirection] = matchAt(/\d*(?:<<-?|<<<|>>|<>|>\||[<>]&?)[ \t]*/y, text, at) ?? [];
      if (redirection !== undefined && /^\d*[<>]/.test(redirection)) {
        const target = wordAt(text, at + redirection.length);
        if (/<<-?[ \t]*$/.test(redirection)) documents.push(target.text);
        at = target.end;
        continue;
      }
      const operator = OPERATORS.find(one => text.startsWith(one, at));
      if (operator === undefined) {
        const { word, end, plain } = wordAt(text, at);
        tokens.push({ word, plain });
        at = Math.max(end, at + 1);
      } else {
        tokens.push({ operator });
        at += operator.length;
      }
    }
  }
  return tokens;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** Returns where the line after a here-document starts. */
function afterDocument(text: string, start: number, delimiter: string): number {
  for (let at = start; at < text.length;) {
    const end = endOfLine(text, at);
    if (text.slice(at, end).replace(/^\t+/, '') === delimiter) return end + 1;
    at = end + 1;
  }
  return text.length;
}

const UNKNOWN: Piece = { kind: 'unknown' };

/** Reads a word. `text` is its literal pieces; `plain` is the word if it has no quotes and no expansions. */
function wordAt(
  text: string,
  start: number,
): { readonly word: Word; readonly end: number; readonly text: string; readonly plain: string | undefined } {
  const word: Piece[] = [];
  let at = start;
  while (at < text.length && !/[\s;&|()<>]/.test(text[at]!)) {
    const next = text[at]!;
    if (next === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) word.push(UNKNOWN);
      else word.push({ kind: 'text', text: text.slice(at + 1, end), isQuoted: true });
      at = end < 0 ? text.length : end + 1;
    } else if (next === '"') at = quotedAt(text, at + 1, word);
    else if (next === '\\') {
      word.push({ kind: 'text', text: text[at + 1] ?? '', isQuoted: true });
      at += 2;
    } else if (next === '$' || next === '`') at = expansionAt(text, at, word, false);
    else {
      const [plain] = matchAt(/[^\s;&|()<>'"\\$`]+/y, text, at)!;
      word.push({ kind: 'text', text: plain, isQuoted: false });
      at += plain.length;
    }
  }
  const literal = word.map(piece => (piece.kind === 'text' ? piece.text : '')).join('');
  return {
    word,
    end: at,
    text: literal,
    plain: word.length === 1 && isPlain(word[0]!) ? literal : undefined,
  };
}

function isPlain(piece: Piece): boolean {
  return piece.kind === 'text' && !piece.isQuoted;
}

/** Reads up to the closing double quote. Returns where the text after it starts. */
function quotedAt(text: string, start: number, word: Piece[]): number {
  let at = start;
  let literal = '';
  const close = () => {
    if (literal !== '') word.push({ kind: 'text', text: literal, isQuoted: true });
    literal = '';
  };
  if (text[at] === '"') word.push({ kind: 'text', text: '', isQuoted: true });
  while (at < text.length && text[at] !== '"') {
    const next = text[at]!;
    if (next === '\\') {
      const escaped = text[at + 1] ?? '';
      literal += /["\\$`]/.test(escaped) ? escaped : `\\${escaped}`;
      at += 2;
    } else if (next === '$' || next === '`') {
      close();
      at = expansionAt(text, at, word, true);
    } else {
      const [plain] = matchAt(/[^"\\$`]+/y, text, at)!;
      literal += plain;
      at += plain.length;
    }
  }
  close();
  return at + 1;
}

/** Reads an expansion. Returns where the text after it starts. */
function expansionAt(text: string, at: number, word: Piece[], isQuoted: boolean): number {
  if (text[at] === '`') {
    const end = text.indexOf('`', at + 1);
    word.push(UNKNOWN);
    return end < 0 ? text.length : end + 1;
  }
  const match = matchAt(/\$(?:(\w+|[@*#?!$-])|\{(\w+|[@*#])(?::([-+])([\w@%+:.,/-]*))?\})/y, text, at);
  if (match) {
    const [all, bare, braced, operator, operand] = match;
    // $10 is ${1}0
    const name = bare !== undefined && /^\d/.test(bare) ? bare[0]! : (bare ?? braced!);
    word.push(...parameter(name, isQuoted, operator, operand));
    return at + (bare !== undefined && bare.length > name.length ? 1 + name.length : all.length);
  }
  word.push(
    text[at + 1] === '(' || text[at + 1] === '{' ? UNKNOWN : { kind: 'text', text: '$', isQuoted: true },
  );
  return text[at + 1] === '(' || text[at + 1] === '{' ? afterBrackets(text, at + 1) : at + 1;
}

/** Returns where the text after a bracket starts that closes the one here; quoted ones do not count. */
function afterBrackets(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const next = text[at]!;
    if (next === '\\') at++;
    else if (next === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return text.length;
      at = end;
    } else if (next === '(' || next === '{') depth++;
    else if ((next === ')' || next === '}') && --depth === 0) return at + 1;
  }
  return text.length;
}
