import type { SyntaxNode } from 'unbash';
import { readShellTree } from '../parse-shell.ts';
import { evaluateTest, type KindAt } from './shell-test.ts';
import { partsOf, ShellValues, type Value } from './shell-values.ts';

type Node<Type extends SyntaxNode['type']> = Extract<SyntaxNode, { type: Type }>;
type Word = Node<'Word'>;
type Commands = Node<'Script' | 'CompoundList'>['commands'];

/** What a script works on. */
export interface ScriptWorld {
  readonly kind: KindAt;
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

/**
 * Follows a shell script as far as it depends on nothing but its arguments and the files of a root: assignments, functions,
 * `for` over known words, `if` and `case` with known conditions. Of other conditions, it follows every branch, whose
 * commands are not certain. Executes nothing. Returns whether the script could be read to its end.
 */
export function walkScript(
  script: string,
  {
    args,
    variables,
  }: { readonly args: readonly string[]; readonly variables: Readonly<Record<string, string>> },
  world: ScriptWorld,
): boolean {
  if (/^#!(?!\s*\S*\/(?:env\s+)?(?:ba|da|k)?sh\b)/.test(script)) return false;
  const isWhole = readShellTree(script, ({ commands, errors = [] }) => {
    // what follows an error of syntax may mean something else
    const values = new ShellValues(args, new Map(Object.entries(variables)));
    new Walk(values, world, errors.length === 0).list(commands);
    return errors.length === 0;
  });
  return isWhole === true;
}

class Walk {
  readonly #world: ScriptWorld;
  readonly #values: ShellValues;
  readonly #functions = new Map<string, SyntaxNode>();
  #isCertain: boolean;
  #count = 0;
  #calls = 0;
  /** What ends the commands that follow: a command of this name, an exit with a failure, or the limit. */
  #ended: 'exit' | 'failure' | 'return' | 'continue' | 'break' | undefined;
  /** Whether a branch that may run ends the script. */
  #mayExit = false;

  constructor(values: ShellValues, world: ScriptWorld, isCertain: boolean) {
    this.#values = values;
    this.#world = world;
    this.#isCertain = isCertain;
  }

  list(commands: Commands): boolean | undefined {
    let status: boolean | undefined = true;
    for (const { command } of commands) {
      if (this.#ended) break;
      status = this.#command(command);
    }
    return status;
  }

  #command(node: SyntaxNode): boolean | undefined {
    switch (node.type) {
      case 'Command':
        return this.#simple(node);
      case 'Function':
        this.#functions.set(node.name.value, node.body);
        return true;
      case 'Redirected':
        return this.#command(node.command);
      case 'CompoundList':
        return this.list(node.commands);
      case 'BraceGroup':
        return this.list(node.body.commands);
      case 'Subshell':
        return this.#apart([node.body]);
      case 'Pipeline': {
        const [first, ...others] = node.commands;
        // each command of a pipeline runs in a shell of its own
        const status = others.length > 0 ? this.#apart(node.commands) : first && this.#command(first);
        const isNegated = node.prefixes.filter(({ type }) => type === 'Negation').length % 2 === 1;
        return status === undefined ? undefined : status !== isNegated;
      }
      case 'AndOr': {
        let status = this.#command(node.commands[0]!);
        for (const [at, operator] of node.operators.entries()) {
          const next = node.commands[at + 1];
          if (this.#ended || !next) break;
          if (status === undefined) this.#perhaps([() => void this.#command(next)]);
          else if (status === (operator === '&&')) status = this.#command(next);
        }
        return status;
      }
      case 'If':
        return this.#if(node);
      case 'Case':
        return this.#case(node);
      case 'For':
        return this.#for(node);
      case 'While':
        this.#perhaps([() => void this.list([...node.clause.commands, ...node.body.commands])]);
        return undefined;
      case 'ArithmeticFor':
      case 'Select':
        this.#perhaps([() => void this.list(node.body.commands)]);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Follows commands in shells of their own, whose variables and exits are lost. */
  #apart(nodes: readonly SyntaxNode[]): boolean | undefined {
    const before = new Map(this.#values.variables);
    let status: boolean | undefined;
    for (const node of nodes) {
      status = this.#command(node);
      this.#ended = this.#count > MAX_COMMANDS ? 'exit' : undefined;
      this.#values.variables = new Map(before);
    }
    return nodes.length > 1 ? undefined : status;
  }

  #if(node: Node<'If'>): boolean | undefined {
    const possible: (() => void)[] = [];
    for (const arm of [node, ...node.elif]) {
      const wasCertain = this.#isCertain;
      if (possible.length > 0) this.#isCertain = false;
      const status = this.list(arm.clause.commands);
      if (possible.length > 0) this.#isCertain = wasCertain;
      if (this.#ended) return undefined;
      if (status === false) continue;
      if (status === true && possible.length === 0) return this.list(arm.then.commands);
      possible.push(() => void this.list(arm.then.commands));
      if (status === true) return this.#perhaps(possible);
    }
    const last = node.else?.commands ?? [];
    if (possible.length === 0) return this.list(last);
    possible.push(() => void this.list(last));
    return this.#perhaps(possible);
  }

  #case({ word, items }: Node<'Case'>): boolean | undefined {
    const value = this.#values.joined(word);
    const possible: (() => void)[] = [];
    for (const { pattern, body } of items) {
      const matches = new Set(pattern.map(each => this.#isMatch(value, each)));
      if (matches.has(true) && possible.length === 0) return this.list(body.commands);
      if (matches.has(true) || matches.has(undefined)) possible.push(() => void this.list(body.commands));
      if (matches.has(true)) return this.#perhaps(possible);
    }
    if (possible.length === 0) return true;
    return this.#perhaps([...possible, () => {}]);
  }

  #isMatch(value: Value, pattern: Word): boolean | undefined {
    let source = '';
    for (const part of partsOf(pattern)) {
      if (part.type === 'Glob' && part.kind !== 'bracket') source += part.kind === 'star' ? '.*' : '.';
      else {
        const text = this.#values.valueOf(part);
        if (text === undefined) return undefined;
        source += text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
      }
    }
    if (source === '.*') return true;
    // several stars would take long
    if (value === undefined || source.split('.*').length > 3) return undefined;
    return new RegExp(`^${source}$`, 's').test(value);
  }

  #for({ name, wordlist, body }: Node<'For'>): boolean | undefined {
    const values = wordlist ? this.#values.expand(wordlist) : this.#values.args;
    if (values.includes(undefined)) {
      this.#perhaps([
        () => {
          this.#values.variables.set(name.value, undefined);
          this.list(body.commands);
        },
      ]);
      return undefined;
    }
    for (const value of values) {
      if (this.#ended) break;
      this.#values.variables.set(name.value, value);
      this.list(body.commands);
      const isLast = this.#ended === 'break';
      if (isLast || this.#ended === 'continue') this.#ended = undefined;
      if (isLast) break;
    }
    return true;
  }

  /** Follows branches of which at most one runs. Variables on which they differ have no known value afterwards. */
  #perhaps(branches: readonly (() => void)[]): undefined {
    const wasCertain = this.#isCertain;
    const before = this.#values.variables;
    const args = this.#values.args;
    const after = [before];
    let mayEnd = false;
    for (const branch of branches) {
      this.#isCertain = false;
      this.#values.variables = new Map(before);
      branch();
      // the installation did not fail
      if (this.#ended !== 'failure') after.push(this.#values.variables);
      if (this.#ended && this.#ended !== 'failure') mayEnd = true;
      if (this.#ended === 'exit') this.#mayExit = true;
      if (this.#count <= MAX_COMMANDS) this.#ended = undefined;
      if (this.#values.args !== args) this.#values.args = [];
    }
    const names = new Set(after.flatMap(variables => [...variables.keys()]));
    const merged = new Map<string, Value>();
    for (const name of names) {
      const values = new Set(after.map(variables => variables.get(name)));
      merged.set(name, values.size === 1 ? [...values][0] : undefined);
    }
    this.#values.variables = merged;
    // what follows a branch that may exit may not run
    this.#isCertain = wasCertain && !mayEnd;
    return undefined;
  }

  #simple({ name: first, prefix, args }: Node<'Command'>): boolean | undefined {
    if (++this.#count > MAX_COMMANDS) {
      this.#ended = 'exit';
      return undefined;
    }
    if (!first) {
      const assignments = prefix.filter(part => part.type === 'Assignment');
      for (const part of assignments) this.#values.assign(part);
      return assignments.every(part => this.#values.variables.get(part.name) !== undefined) || undefined;
    }
    const assigned = args.filter(argument => argument.type === 'Assignment');
    const words = args.filter(argument => argument.type === 'Word');
    const values = this.#values.expand([first, ...words]);
    const [program, ...rest] = values;
    if (assigned.length > 0) for (const one of assigned) this.#values.assign(one);
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
      case 'continue':
      case 'break':
        this.#ended = program;
        // another loop than the innermost
        if (rest.length > 0) this.#isCertain = false;
        return true;
      case 'shift':
        this.#values.args = this.#values.args.slice(1);
        return true;
      case 'set':
        if (rest[0] === '--') this.#values.args = rest.slice(1);
        return true;
      case 'local':
      case 'export':
      case 'readonly':
      case 'declare':
      case 'typeset':
        return true;
      case 'read':
      case 'unset':
      case 'getopts':
        for (const name of rest) if (name !== undefined) this.#values.variables.set(name, undefined);
        return undefined;
      case '.':
      case 'eval':
        return undefined;
      case '[':
        return evaluateTest(rest.slice(0, -1), this.#world.kind);
      case 'test':
        return evaluateTest(rest, this.#world.kind);
    }
    const body = program === undefined ? undefined : this.#functions.get(program);
    return body ? this.#call(body, rest) : this.#world.run(values, this.#isCertain);
  }

  #call(body: SyntaxNode, args: readonly Value[]): boolean | undefined {
    if (this.#calls >= MAX_CALLS) {
      this.#isCertain = false;
      return undefined;
    }
    const outside = this.#values.args;
    const wasCertain = this.#isCertain;
    this.#values.args = args;
    this.#calls++;
    const status = this.#command(body);
    this.#calls--;
    this.#values.args = outside;
    if (this.#ended === 'return') this.#ended = undefined;
    // what may have returned comes together again here
    this.#isCertain = wasCertain && !this.#mayExit;
    return status;
  }
}
