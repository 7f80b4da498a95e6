import { describe, expect, it } from 'vitest';
import { printable, printableLines, safeOutput } from '../src/printable.ts';

const SEPARATOR = String.fromCodePoint(0x2028);
const C1 = String.fromCodePoint(0x9b);
const RIGHT_TO_LEFT = String.fromCodePoint(0x202e);

describe('text from a root', () => {
  it('cannot break a line, control a terminal or change its direction', () => {
    const escaped = printable(`a\n\u001b[2J${C1}${SEPARATOR}${RIGHT_TO_LEFT}é`);
    expect(escaped).toBe(String.raw`a\u{a}\u{1b}[2J\u{9b}\u{2028}\u{202e}é`);
  });

  it('cannot forge a message of its own by a line break', () => {
    expect(printableLines('flix: a\nflix: forged is absent')).toBe('flix: a\n  flix: forged is absent');
  });

  it('is escaped in finished output of any format, which stays valid', () => {
    const name = `${C1}${SEPARATOR}\u001b]0;x`;
    const json = safeOutput(JSON.stringify({ name }));
    expect(json).not.toContain(C1);
    expect(JSON.parse(json)).toEqual({ name });
    expect(safeOutput('\u001b[31mred\u001b[39m\n')).toBe('\u001b[31mred\u001b[39m\n');
    expect(safeOutput('\u001b[2J\r')).toBe(String.raw`\u001b[2J\u000d`);
  });
});
