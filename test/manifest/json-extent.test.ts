import { assert as holds, json, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonExtent } from '../../src/manifest/json-extent.ts';

const STRANGE = '"\\{}[],:0.e-t\n\0 ';

/** What V8 says against a text; `undefined`: nothing. */
function complaint(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('jsonExtent', () => {
  it.each([
    ['', 0],
    [' {"a": [1, -2.5e+3, null, "\\u00e9\\n"], "b": {}} \n', 49],
    ['{"a": 1,}', 8],
    ['[1, 2,]', 6],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['{"a": 1}}', 8],
    ['{"a": 1]', 7],
    ['[1 2]', 3],
    ['[01]', 2],
    ['[truth]', 1],
    ['["a\nb"]', 3],
    ['["\\x"]', 2],
    ['// no\n{}', 0],
    ['{"a": 1, // no\n}', 9],
    ['<<<<<<< HEAD\n{}', 0],
    ['{"a": "b', 8],
    ['{"a": ', 6],
    ['\0\0\0', 0],
  ])('reads %j as JSON up to %i', (text, extent) => {
    expect(jsonExtent(text)).toBe(extent);
  });

  it('agrees with V8 wherever V8 names a position', () => {
    const texts = json({ maxDepth: 4 });
    const strange = nat(STRANGE.length).map(i => STRANGE.slice(i, i + 1));
    holds(
      property(texts, nat(), strange, (whole, place, replacement) => {
        const at = place % (whole.length + 1);
        const text = whole.slice(0, at) + replacement + (replacement === '' ? '' : whole.slice(at + 1));
        const said = complaint(text);
        const extent = jsonExtent(text);
        const named = /position (\d+)/.exec(said ?? '')?.[1];
        if (said === undefined) expect(extent).toBe(text.length);
        else if (named === undefined && !said.includes('end of JSON'))
          expect(extent).toBeLessThan(text.length);
        else {
          const theirs = Number(named ?? text.length);
          expect(extent).toBeLessThanOrEqual(theirs);
          expect(extent).toBeGreaterThanOrEqual(tokenStart(text, theirs));
        }
      }),
      { seed: 1, numRuns: 5000 },
    );
  });

  it('limits the nesting that it follows', () => {
    expect(jsonExtent('['.repeat(1_000_000))).toBeLessThan(1000);
  });
});

/** Returns where the literal or escape starts that contains `at`: V8 may name any character of it. */
function tokenStart(text: string, at: number): number {
  return at - /(?:[-+.\w]|\\[^\n]?)*$/.exec(text.slice(0, at))![0].length;
}
