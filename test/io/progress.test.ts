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
  it('rewrites one line of a terminal within its width, and prints messages above it', () => {
    const step = 'reading a name\\u{a}';
    const clear = '\r\u001B[2K';
    expect(record(true, false)).toBe(`${step}${clear}note\n${step}${clear}`);
  });

  it.each([
    ['no terminal', false, {}],
    ['a dumb one', true, { TERM: 'dumb' }],
    ['NO_COLOR', true, { NO_COLOR: '1' }],
  ])('shows only messages with %s', (_, isTTY, env) => {
    expect(record(isTTY, false, env)).toBe('note\n');
  });

  it('is silent with --quiet', () => {
    expect(record(true, true)).toBe('');
  });

  it('escapes control characters in names from a root', () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) > 0 };
    const say = progress({ quiet: false, stream, env: {} });
    say.step('reading \u001B[2J');
    say.message('first line\nof \u001B]0;title\u0007');
    expect(written).toContain('reading \\u{1b}[2J');
    expect(written).toContain('first line\n  of \\u{1b}]0;title\\u{7}\n');
  });
});
