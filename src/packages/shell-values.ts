import type { ParameterDefaultOperation, SyntaxNode } from 'unbash';

type Node<Type extends SyntaxNode['type']> = Extract<SyntaxNode, { type: Type }>;
type Word = Node<'Word'>;
type Part = NonNullable<Word['parts']>[number];

/** A word of a command; `undefined`: only a shell could evaluate it. */
export type Value = string | undefined;

const MAX_VALUE = 4096;

/** The arguments and variables of a shell, and what words are with them (sh(1), word expansions). */
export class ShellValues {
  args: readonly Value[];
  variables: Map<string, Value>;

  constructor(args: readonly Value[], variables: Map<string, Value>) {
    this.args = args;
    this.variables = variables;
  }

  assign({ name, value, append }: Node<'Assignment'>): void {
    const text = value.type === 'Word' && append !== true ? this.joined(value) : undefined;
    this.variables.set(name, text !== undefined && text.length > MAX_VALUE ? undefined : text);
  }

  #parameter(name: string): Value {
    if (/^[1-9]$/.test(name)) return this.args.length === 0 ? undefined : (this.args[Number(name) - 1] ?? '');
    if (name === '#') return String(this.args.length);
    if (name === '@' || name === '*') return this.args.includes(undefined) ? undefined : this.args.join(' ');
    return this.variables.get(name);
  }

  /** The value of a part of a word. */
  valueOf(part: Part): Value {
    switch (part.type) {
      case 'Literal':
      case 'SingleQuoted':
      case 'AnsiCQuoted':
        return part.value;
      case 'DoubleQuoted': {
        const values = part.parts.map(inner => this.valueOf(inner));
        return values.includes(undefined) ? undefined : values.join('');
      }
      case 'SimpleExpansion':
        return this.#parameter(part.text.slice(1));
      case 'ParameterExpansion': {
        const { parameter, prefix, index, operation } = part;
        const value = this.#parameter(parameter);
        if (prefix !== undefined || index || value === undefined) return undefined;
        if (!operation) return value;
        return operation.type === 'Default' ? this.#chosen(value, operation) : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Evaluates an expansion such as `${NAME:-WORD}` of a variable that is set. */
  #chosen(value: string, { operator, operand }: ParameterDefaultOperation): Value {
    const isOperandForSet = operator === '+' || (operator === ':+' && value !== '');
    const isOperandForEmpty = operator === ':-' && value === '';
    if (isOperandForSet || isOperandForEmpty) return this.joined(operand);
    // these assign or end the script
    return value === '' && (operator === ':=' || operator === ':?') ? undefined : value;
  }

  /** The value of a word that the shell does not split. */
  joined(word: Word): Value {
    const values = partsOf(word).map(part => this.valueOf(part));
    return values.includes(undefined) ? undefined : values.join('');
  }

  /** The values of words, of which the shell splits those with expansions that are not quoted. */
  expand(words: readonly Word[]): Value[] {
    return words.flatMap((word): Value[] => {
      if (/^"?\$(?:@|\{@\})"?$/.test(word.text)) return [...this.args];
      const value = this.joined(word);
      if (value === undefined) return [undefined];
      const isSplit = partsOf(word).some(
        ({ type }) => type === 'SimpleExpansion' || type === 'ParameterExpansion',
      );
      return isSplit ? value.split(/\s+/).filter(Boolean) : [value];
    });
  }
}

export function partsOf(word: Word): readonly Part[] {
  const { pos, end, text, value } = word;
  return word.parts ?? [{ type: 'Literal', pos, end, text, value }];
}
