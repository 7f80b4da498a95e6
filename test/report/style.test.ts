import { expect, test } from 'vitest';
import { ofSeverity, style } from '../../src/report/style.ts';

test.each([
  ['error', 31],
  ['warning', 33],
  ['info', 36],
] as const)('a terminal shows the severity %s in its own colour', (severity, colour) => {
  expect(ofSeverity(style(true), severity)('text')).toBe(`\u001B[${colour}mtext\u001B[39m`);
  expect(ofSeverity(style(false), severity)('text')).toBe('text');
});
