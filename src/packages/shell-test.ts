import type { Value } from './shell-values.ts';

/** Returns what is at a path; `undefined`: nothing. */
export type KindAt = (path: string) => 'file' | 'directory' | 'other' | undefined;

/** Evaluates test(1) as far as its operands are known. */
export function evaluateTest(words: readonly Value[], kindAt: KindAt): boolean | undefined {
  for (const [operator, isOr] of [
    ['-o', true],
    ['-a', false],
  ] as const) {
    const at = words.indexOf(operator);
    if (at <= 0) continue;
    const sides = new Set([
      evaluateTest(words.slice(0, at), kindAt),
      evaluateTest(words.slice(at + 1), kindAt),
    ]);
    if (sides.has(isOr)) return isOr;
    return sides.has(undefined) ? undefined : !isOr;
  }
  if (words[0] === '!') {
    const status = evaluateTest(words.slice(1), kindAt);
    return status === undefined ? undefined : !status;
  }
  if (words.includes(undefined)) return undefined;
  const [a, b, c] = words as string[];
  if (words.length === 1) return a !== '';
  if (words.length === 2) return evaluateUnary(a!, b!, kindAt);
  if (words.length !== 3) return undefined;
  if (b === '=' || b === '==') return a === c;
  if (b === '!=') return a !== c;
  if (b === '-eq') return Number(a) === Number(c);
  if (b === '-ne') return Number(a) !== Number(c);
  return undefined;
}

function evaluateUnary(operator: string, operand: string, kindAt: KindAt): boolean | undefined {
  if (operator === '-n') return operand !== '';
  if (operator === '-z') return operand === '';
  if (!operand.startsWith('/')) return undefined;
  const kind = kindAt(operand);
  if (operator === '-e' || operator === '-x' || operator === '-r') return kind !== undefined;
  if (operator === '-d') return kind === 'directory';
  if (operator === '-f') return kind === 'file';
  return kind === undefined && /^-[LhsSpw]$/.test(operator) ? false : undefined;
}
