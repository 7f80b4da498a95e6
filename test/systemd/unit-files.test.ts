import { describe, expect, it } from 'vitest';
import { parseSettings, valuesOf } from '../../src/systemd/unit-files.ts';

function lines(text: string): string[] {
  return parseSettings(text).map(({ section, key, value }) => `[${section}] ${key}=${value}`);
}

describe('parseSettings', () => {
  it('assigns a setting to the section above it', () => {
    expect(lines('A=1\n[Unit]\n  B = 2 \n [Service] \nC=x=y\nno setting\n')).toEqual([
      '[] A=1',
      '[Unit] B=2',
      '[Service] C=x=y',
    ]);
  });

  it('skips comments, even between a line and its continuation', () => {
    expect(lines('#A=1\n ;B=2\nC=1 \\\n# a comment\n ; another\n  2\n')).toEqual(['[] C=1    2']);
  });

  it('continues a line only after an unescaped backslash', () => {
    expect(lines('A=1\\\\\nB=2\\\\\\\n3')).toEqual(['[] A=1\\\\', '[] B=2\\\\ 3']);
  });

  it('reads a continued line at the end of the file, and lines that end in CR LF', () => {
    expect(lines('[Unit]\r\nA=1\\\r\n2\r\nB=3\\')).toEqual(['[Unit] A=1 2', '[Unit] B=3']);
  });
});

describe('valuesOf', () => {
  it('discards the values before an empty one, only for this section and key', () => {
    const settings = parseSettings('[Unit]\nA=1\nB=1\nA=\nA=2\nA=3\n[Service]\nA=4\n');
    expect(valuesOf({ settings }, 'Unit', 'A')).toEqual(['2', '3']);
    expect(valuesOf({ settings }, 'Unit', 'B')).toEqual(['1']);
    expect(valuesOf({ settings }, 'Service', 'A')).toEqual(['4']);
  });
});
