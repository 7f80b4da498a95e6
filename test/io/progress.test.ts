import { describe, expect, it, vi } from 'vitest';
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

  it('counts steps of a kind', () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) > 0 };
    progress({ quiet: false, stream, env: {} }).step('writing /usr/bin/app', { number: 3, total: 8 });
    expect(written).toEqual(['[3/8] writing /usr/bin/app']);
  });

  it('prints each step as a line of its own with --verbose, also without a terminal', () => {
    const written: string[] = [];
    const stream = { isTTY: false, columns: 80, write: (text: string) => written.push(text) > 0 };
    const say = progress({ quiet: false, verbose: true, stream, env: {} });
    say.step('resolving');
    say.step('writing /usr/bin/app', { number: 1, total: 8 });
    say.done();
    expect(written).toEqual(['resolving\n', '[1/8] writing /usr/bin/app\n']);
  });

  it('shows how long a slow step has taken', () => {
    vi.useFakeTimers();
    const written: string[] = [];
    const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) > 0 };
    const say = progress({ quiet: false, stream, env: {} });
    say.step('packing');
    vi.advanceTimersByTime(4000);
    say.done();
    vi.advanceTimersByTime(4000);
    vi.useRealTimers();
    expect(written.filter(text => text !== '\r\u001B[2K')).toEqual([
      'packing',
      'packing (2 s)',
      'packing (4 s)',
    ]);
    expect(written.at(-1)).toBe('\r\u001B[2K');
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
