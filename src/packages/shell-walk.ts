import { parseShell, type Piece, type ShellCommand, type Word } from './shell-syntax.ts';

/** A word of a command; `undefined`: only a shell could evaluate it. */
export type Value = string | undefined;

/** What a script works on. */
export interface ScriptWorld {
  /** What is at a path; `undefined`: nothing. */
  readonly kind: (path: string) => 'file' | 'directory' | 'other' | undefined;
  /**
   * Called with each simple command, in the order in which a shell would run them. Returns whether it succeeds; `undefined`: nobody knows.
   *
   * @param isCertain whether an installation would run it
   */
  readonly run: (words: readonly Value[], isCertain: boolean) => boolean | undefined;
}

/** The longest scripts of Debian have a few hundred commands. */
const MAX_COMMANDS = 20_000;
const MAX_CALLS = 20;
const MAX_VALUE = 4096;

/**
 * Follows a shell script as far as it depends on nothing but its arguments and the files of a root: assignments, functions,
 * `for` over known words, `if` and `case` with known conditions. Of other conditions, it follows every branch, whose
 * commands are not certain. Executes nothing.
 */
export function walkScript(
  script: string,
  {
    args,
    variables,
  }: { readonly args: readonly string[]; readonly variables: Readonly<Record<string, string>> },
  world: ScriptWorld,
): void {
  if (/^#!(?!\s*\S*\/(?:env\s+)?(?:ba|da|k)?sh\b)/.test(script)) return;
  const { commands, isWhole } = parseShell(script);
  new Walk(args, new Map(Object.entries(variables)), world, isWhole).list(commands);
}

class Walk {
  readonly #world: ScriptWorld;
  #args: readonly Value[];
  #variables: Map<string, Value>;
  readonly #functions = new Map<string, readonly ShellCommand[]>();
  #isCertain: boolean;
  #count = 0;
  #calls = 0;
  /** What ends the commands that follow: `exit`, `return`, or the limit. */
  #ended: 'exit' | 'failure' | 'return' | undefined;
  /** Whether a branch that may run ends the script. */
  #mayExit = false;

  constructor(
    args: readonly string[],
    variables: Map<string, Value>,
    world: ScriptWorld,
    isCertain: boolean,
  ) {
    this.#args = args;
    this.#variables = variables;
    this.#world = world;
    this.#isCertain = isCertain;
  }

  list(commands: readonly ShellCommand[]): boolean | undefined {
    let status: boolean | undefined = true;
    for (const command of commands) {
      if (this.#ended) break;
      status = this.#command(command);
    }
    return status;
  }

  #command(command: ShellCommand): boolean | undefined {
    switch (command.kind) {
      case 'simple':
        return this.#simple(command.words);
      case 'function':
        this.#functions.set(command.name, command.body);
        return true;
      case 'group':
        return this.list(command.body);
      case 'apart': {
        const before = new Map(this.#variables);
        let status: boolean | undefined = true;
        for (const part of command.body) {
          status = this.#command(part);
          if (this.#ended) {
            // ends its own shell only
            this.#ended = undefined;
            break;
          }
        }
        this.#variables = before;
        return command.body.length > 1 ? undefined : status;
      }
      case 'not': {
        const status = this.#command(command.command);
        return status === undefined ? undefined : !status;
      }
      case 'chain': {
        let status = this.#command(command.first);
        for (const { operator, command: next } of command.rest) {
          if (this.#ended) break;
          if (status === undefined) this.#perhaps([() => void this.#command(next)]);
          else if (status === (operator === '&&')) status = this.#command(next);
        }
        return status;
      }
      case 'if':
        return this.#if(command);
      case 'case':
        return this.#case(command);
      case 'for':
        return this.#for(command);
      case 'while':
        this.#perhaps([() => void this.list(command.body)]);
        return undefined;
    }
  }

  #if({ arms, otherwise }: ShellCommand & { readonly kind: 'if' }): boolean | undefined {
    const possible: (() => void)[] = [];
    for (const { test, body } of arms) {
      const wasCertain = this.#isCertain;
      if (possible.length > 0) this.#isCertain = false;
      const status = this.list(test);
      if (possible.length > 0) this.#isCertain = wasCertain;
      if (this.#ended) return undefined;
      if (status === false) continue;
      if (status === true && possible.length === 0) return this.list(body);
      possible.push(() => void this.list(body));
      if (status === true) return this.#perhaps(possible);
    }
    if (possible.length === 0) return this.list(otherwise);
    possible.push(() => void this.list(otherwise));
    return this.#perhaps(possible);
  }

  #case({ word, arms }: ShellCommand & { readonly kind: 'case' }): boolean | undefined {
    const value = this.#joined(word);
    const possible: (() => void)[] = [];
    for (const { patterns, body } of arms) {
      const matches = new Set(patterns.map(pattern => this.#isMatch(value, pattern)));
      if (matches.has(true)) {
        if (possible.length === 0) return this.list(body);
        possible.push(() => void this.list(body));
        return this.#perhaps(possible);
      }
      if (matches.has(undefined)) possible.push(() => void this.list(body));
    }
    if (possible.length === 0) return true;
    possible.push(() => {});
    return this.#perhaps(possible);
  }

  #isMatch(value: Value, pattern: Word): boolean | undefined {
    let source = '';
    for (const piece of pattern) {
      const text = this.#valueOf(piece);
      if (text === undefined) return undefined;
      if (piece.kind === 'text' && !piece.isQuoted) {
        if (text.includes('[')) return undefined;
        source += escaped(text)
          .replaceAll(String.raw`\*`, '.*')
          .replaceAll(String.raw`\?`, '.');
      } else source += escaped(text);
    }
    if (/^(?:\.\*)+$/.test(source)) return true;
    if (value === undefined || source.split('.*').length > 3) return undefined;
    return new RegExp(`^${source}$`, 's').test(value);
  }

  #for({ name, words, body }: ShellCommand & { readonly kind: 'for' }): boolean | undefined {
    const values = this.#expand(words);
    if (values.includes(undefined)) {
      this.#perhaps([
        () => {
          this.#variables.set(name, undefined);
          this.list(body);
        },
      ]);
      return undefined;
    }
    for (const value of values) {
      if (this.#ended) break;
      this.#variables.set(name, value);
      this.list(body);
    }
    return true;
  }

  /** Follows branches of which at most one runs. Variables on which they differ have no known value afterwards. */
  #perhaps(branches: readonly (() => void)[]): undefined {
    const wasCertain = this.#isCertain;
    const before = this.#variables;
    const args = this.#args;
    const after = [before];
    let mayEnd = false;
    for (const branch of branches) {
      this.#isCertain = false;
      this.#variables = new Map(before);
      branch();
      // the installation did not fail
      if (this.#ended !== 'failure') after.push(this.#variables);
      if (this.#ended && this.#ended !== 'failure') mayEnd = true;
      if (this.#ended === 'exit') this.#mayExit = true;
      if (this.#count <= MAX_COMMANDS) this.#ended = undefined;
      if (this.#args !== args) this.#args = [];
    }
    const names = new Set(after.flatMap(variables => [...variables.keys()]));
    const merged = new Map<string, Value>();
    for (const name of names) {
      const values = new Set(after.map(variables => variables.get(name)));
      merged.set(name, values.size === 1 ? [...values][0] : undefined);
    }
    this.#variables = merged;
    // what follows a branch that may exit may not run
    this.#isCertain = wasCertain && !mayEnd;
    return undefined;
  }

  #simple(words: readonly Word[]): boolean | undefined {
    if (++this.#count > MAX_COMMANDS) {
      this.#ended = 'exit';
      return undefined;
    }
    let first = 0;
    for (; first < words.length; first++) {
      const { name, value } = assignment(words[first]!) ?? {};
      if (name === undefined) break;
      this.#set(name, this.#joined(value!));
    }
    const values = this.#expand(words.slice(first));
    const [program, ...rest] = values;
    if (values.length === 0) return first > 0 ? true : undefined;
    switch (program) {
      case ':':
      case 'true':
        return true;
      case 'false':
        return false;
      case 'exec':
      case 'command':
        if (rest[0] !== undefined && !rest[0].startsWith('-')) return this.#world.run(rest, this.#isCertain);
        break;
      case 'exit':
      case 'return':
        this.#ended = program === 'exit' && /^[1-9]/.test(rest[0] ?? '') ? 'failure' : program;
        return rest[0] === undefined || rest[0] === '0';
      case 'shift':
        this.#args = this.#args.slice(1);
        return true;
      case 'set':
        if (rest[0] === '--') this.#args = rest.slice(1);
        return true;
      case 'local':
      case 'export':
      case 'readonly':
      case 'declare':
        for (const word of words.slice(first + 1)) {
          const { name, value } = assignment(word) ?? {};
          if (name !== undefined) this.#set(name, this.#joined(value!));
        }
        return true;
      case 'read':
      case 'unset':
      case 'getopts':
        for (const name of rest) if (name !== undefined) this.#variables.set(name, undefined);
        return undefined;
      case '.':
      case 'eval':
        return undefined;
      case '[':
        return this.#test(rest.slice(0, -1));
      case 'test':
        return this.#test(rest);
    }
    const body = program === undefined ? undefined : this.#functions.get(program);
    return body ? this.#call(body, rest) : this.#world.run(values, this.#isCertain);
  }

  #call(body: readonly ShellCommand[], args: readonly Value[]): boolean | undefined {
    if (this.#calls >= MAX_CALLS) {
      this.#isCertain = false;
      return undefined;
    }
    const outside = this.#args;
    const wasCertain = this.#isCertain;
    this.#args = args;
    this.#calls++;
    const status = this.list(body);
    this.#calls--;
    this.#args = outside;
    if (this.#ended === 'return') this.#ended = undefined;
    // what may have returned comes together again here
    this.#isCertain = wasCertain && !this.#mayExit;
    return status;
  }

  #set(name: string, value: Value): void {
    this.#variables.set(name, value !== undefined && value.length > MAX_VALUE ? undefined : value);
  }

  #parameter(name: string): Value {
    if (/^[1-9]$/.test(name))
      return this.#args.length === 0 ? undefined : (this.#args[Number(name) - 1] ?? '');
    if (name === '#') return String(this.#args.length);
    if (name === '@' || name === '*')
      return this.#args.includes(undefined) ? undefined : this.#args.join(' ');
    return this.#variables.get(name);
  }

  #valueOf(piece: Piece): Value {
    if (piece.kind === 'unknown') return undefined;
    if (piece.kind === 'text') return piece.text;
    const value = this.#parameter(piece.name);
    if (piece.operator === '+') return value === undefined || value === '' ? value : piece.operand;
    return value === '' && piece.operator === '-' ? piece.operand : value;
  }

  /** The value of a word that the shell does not split. */
  #joined(word: Word): Value {
    const values = word.map(piece => this.#valueOf(piece));
    return values.includes(undefined) ? undefined : values.join('');
  }

  /** The values of words, of which the shell splits those with expansions that are not quoted. */
  #expand(words: readonly Word[]): Value[] {
    return words.flatMap((word): Value[] => {
      const isList = word.length === 1 && word[0]!.kind === 'parameter' && word[0]!.name === '@';
      if (isList) return [...this.#args];
      const value = this.#joined(word);
      const hasPattern = word.some(
        piece => piece.kind === 'text' && !piece.isQuoted && /[*?[{]/.test(piece.text),
      );
      if (value === undefined || (hasPattern && value !== '[' && value !== '{')) return [undefined];
      const isSplit = word.some(piece => piece.kind === 'parameter' && !piece.isQuoted);
      return isSplit ? value.split(/\s+/).filter(Boolean) : [value];
    });
  }

  /** Evaluates test(1) as far as its operands are known. */
  #test(words: readonly Value[]): boolean | undefined {
    for (const [operator, isOr] of [
      ['-o', true],
      ['-a', false],
    ] as const) {
      const at = words.indexOf(operator);
      if (at <= 0) continue;
      const sides = new Set([this.#test(words.slice(0, at)), this.#test(words.slice(at + 1))]);
      if (sides.has(isOr)) return isOr;
      return sides.has(undefined) ? undefined : !isOr;
    }
    if (words[0] === '!') {
      const status = this.#test(words.slice(1));
      return status === undefined ? undefined : !status;
    }
    if (words.includes(undefined)) return undefined;
    const [a, b, c] = words as string[];
    if (words.length === 1) return a !== '';
    if (words.length === 2) return this.#testOne(a!, b!);
    if (words.length !== 3) return undefined;
    if (b === '=' || b === '==') return a === c;
    if (b === '!=') return a !== c;
    if (b === '-eq') return Number(a) === Number(c);
    if (b === '-ne') return Number(a) !== Number(c);
    return undefined;
  }

  #testOne(operator: string, operand: string): boolean | undefined {
    if (operator === '-n') return operand !== '';
    if (operator === '-z') return operand === '';
    if (!operand.startsWith('/')) return undefined;
    const kind = this.#world.kind(operand);
    if (operator === '-e' || operator === '-x' || operator === '-r') return kind !== undefined;
    if (operator === '-d') return kind === 'directory';
    if (operator === '-f') return kind === 'file';
    return kind === undefined && /^-[LhsSpw]$/.test(operator) ? false : undefined;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Reads `NAME=VALUE`; `undefined`: the word is no assignment. */
function assignment(word: Word): { readonly name: string; readonly value: Word } | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.isQuoted) return undefined;
  const [all, name, plus] = /^([A-Za-z_]\w*)(\+?)=/.exec(first.text) ?? [];
  if (name === undefined) return undefined;
  const text = first.text.slice(all!.length);
  const value: Word = [...(text === '' ? [] : [{ ...first, text }]), ...rest];
  return { name, value: plus === '+' ? [{ kind: 'unknown' }] : value };
}
