import { describe, expect, it } from 'vitest';
import { progress } from '../../src/io/progress.ts';

function record(isTTY: boolean, quiet: boolean, env: NodeJS.ProcessEnv = {}): string {
  let written = '';
  const stream = { isTTY, columns: 20, write: (text: string) => ((written += text), true) };
  const say = progress({ quiet, stream, env });
  say.step('reading a name\nwith more than a line holds');
  say.message('note');
  say.done();
  return written;
}

describe('progress', () => {
  it('rewrites one line of a terminal, as wide as it is, and puts messages above', () => {
    const step = 'reading a name?with';
    const clear = '\r\u001B[2K';
    expect(record(true, false)).toBe(`${step}${clear}note\n${step}${clear}`);
  });

  it.each([
    ['no terminal', false, {}],
    ['a dumb one', true, { TERM: 'dumb' }],
    ['NO_COLOR', true, { NO_COLOR: '1' }],
  ])('shows messages alone with %s', (_, isTTY, env) => {
    expect(record(isTTY, false, env)).toBe('note\n');
  });

  it('is silent with --quiet', () => {
    expect(record(true, true)).toBe('');
  });
});
