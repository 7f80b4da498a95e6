import { forEachChild, type SyntaxNode } from 'unbash';
import { readShellTree } from '../parse-shell.ts';

/** The command type of a syntax tree. */
type Command = Extract<SyntaxNode, { type: 'Command' }>;
type Word = Extract<SyntaxNode, { type: 'Word' }>;
type Part = NonNullable<Word['parts']>[number];

/** A word of a shell script that may name a file, with its line, from 1. */
export interface ShellWord {
  readonly text: string;
  readonly line: number;
}

/** What a shell script runs, reads and names, as far as its text shows without being evaluated. */
export interface ShellScript {
  /** The names or paths of programs in command position. Builtins, functions and aliases are left out. */
  readonly runs: readonly ShellWord[];
  /** The files that `.` and `source` read. */
  readonly sources: readonly ShellWord[];
  /** All other words, as they are spelled. Comments, here-documents and what is printed are left out. */
  readonly words: readonly ShellWord[];
  /** The programs whose existence the script tests, by name or path, so that it can do without them. */
  readonly tested: ReadonlySet<string>;
}

/** Whether a program is a shell whose scripts can be parsed. @param name its file name */
export function isShell(name: string): boolean {
  return /^(?:ba|da|a|k|mk)?sh(?:[\d.-]|$)/.test(name);
}

/** The builtins of POSIX.1-2017 (2.14 and the list in 2.9.1.1), bash and dash. */
const BUILTINS: ReadonlySet<string> = new Set(
  (
    ': . [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo ' +
    'enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd ' +
    'printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ' +
    'ulimit umask unalias unset wait'
  ).split(' '),
);

/** Commands that run the command in their arguments. */
const RUNNERS = new Set(['exec', 'command', 'env', 'nohup', 'setsid']);
/** Commands that tell whether a program exists, as `command` does with -v. */
const TESTERS = new Set(['type', 'which', 'hash']);
/** Commands whose arguments are text for people. */
const PRINTERS = new Set(['echo', 'printf']);

/** Reads a shell script; `undefined` if the parser cannot. */
export function readShell(text: string): ShellScript | undefined {
  return readShellTree(text, script => new ScriptReader().read(script, text));
}

class ScriptReader {
  readonly #runs: ShellWord[] = [];
  readonly #sources: ShellWord[] = [];
  readonly #words: ShellWord[] = [];
  readonly #tested = new Set<string>();
  readonly #defined = new Set<string>();
  read(script: SyntaxNode, source: string): ShellScript {
    this.#visit(script, new Source(source, 0));
    const runs = this.#runs.filter(({ text }) => !BUILTINS.has(text) && !this.#defined.has(text));
    return { runs, sources: this.#sources, words: this.#words, tested: this.#tested };
  }

  #visit(node: SyntaxNode, source: Source): void {
    switch (node.type) {
      case 'Command':
        this.#command(node, source);
        return;
      case 'Function':
        this.#defined.add(node.name.value);
        this.#visit(node.body, source);
        return;
      case 'Word':
        this.#words.push({ text: node.text, line: source.lineOf(node) });
        break;
      case 'TestUnary':
        if (node.operator === '-x') this.#test(node.operand);
        break;
    }
    forEachChild(node, child => {
      // a script in backticks may be written with backslashes that do not count
      const own = child.type === 'Script' ? child.source : undefined;
      this.#visit(child, own === undefined ? source : new Source(own, source.lineOf(node) - 1));
    });
  }

  #command(command: Command, source: Source): void {
    const words = command.args.filter(argument => argument.type === 'Word');
    const name = literal(command.name);
    let printed: readonly SyntaxNode[] = [];
    if (name !== undefined && command.name) {
      const first = literal(words[0]);
      if (PRINTERS.has(name)) printed = words;
      else if (name === '.' || name === 'source') this.#add(this.#sources, first, words[0], source);
      else if (first === '-x' && (name === '[' || name === 'test')) this.#test(words[1]);
      else if (TESTERS.has(name) || (name === 'command' && /^-[vV]$/.test(first ?? ''))) {
        for (const word of words) this.#test(word);
        this.#run(command.name, [], source);
      } else if (name === 'alias') for (const argument of command.args) this.#alias(argument);
      else this.#run(command.name, words, source);
    }
    forEachChild(command, child => {
      // command substitutions in the printed text run nevertheless
      if (printed.includes(child)) forEachChild(child, part => this.#visit(part, source));
      else if (child !== command.name || name === undefined) this.#visit(child, source);
    });
  }

  /** Adds the program of a command, and the one that it runs. */
  #run(program: Word, args: readonly Word[], source: Source): void {
    const name = literal(program);
    this.#add(this.#runs, name, program, source);
    const [first, ...others] = args;
    const argument = literal(first);
    if (!first || name === undefined || !RUNNERS.has(name) || argument === undefined) return;
    if (!argument.startsWith('-') && !argument.includes('=')) this.#run(first, others, source);
  }

  #alias(argument: SyntaxNode): void {
    const name = argument.type === 'Assignment' ? argument.name : literal(argument)?.split('=')[0];
    if (name !== undefined) this.#defined.add(name);
  }

  #test(word: Word | undefined): void {
    const name = literal(word);
    if (name !== undefined && !name.startsWith('-')) this.#tested.add(name);
  }

  #add(list: ShellWord[], text: string | undefined, word: Word | undefined, source: Source): void {
    if (text !== undefined && text !== '' && word) list.push({ text, line: source.lineOf(word) });
  }
}

/** The text to which positions of nodes refer, and where it begins in the script. */
class Source {
  /** The offset of the end of each line. */
  readonly #ends: readonly number[];
  readonly #before: number;

  /** @param before how many lines of the script are before the text */
  constructor(text: string, before: number) {
    this.#ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
    this.#before = before;
  }

  lineOf({ pos }: SyntaxNode): number {
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! < pos) low = middle + 1;
      else high = middle;
    }
    return this.#before + low + 1;
  }
}

/** Returns the text of a word that the shell does not expand. */
function literal(word: SyntaxNode | undefined): string | undefined {
  return word?.type === 'Word' && (word.parts ?? []).every(isLiteral) ? word.value : undefined;
}

function isLiteral(part: Part): boolean {
  if (part.type === 'DoubleQuoted') return part.parts.every(inner => inner.type === 'Literal');
  return part.type === 'Literal' || part.type === 'SingleQuoted' || part.type === 'AnsiCQuoted';
}
