import { describe, expect, it } from 'vitest';
import { linesIn, stanzasIn } from '../../src/packages/lines.ts';

describe('the text of a database', () => {
  it('is divided into lines and stanzas, none of them empty', () => {
    expect([...linesIn('\n\na\n\nb c\n')]).toEqual(['a', 'b c']);
    expect([...stanzasIn('\n\na\nb\n\n\n\nc\n')]).toEqual(['a\nb', 'c\n']);
    expect([...linesIn(''), ...stanzasIn('')]).toEqual([]);
  });

  it('may consist of very many line ends, which cost no stanza or line each', () => {
    const ends = '\n'.repeat(100_000_000);
    expect([...stanzasIn(`${ends}a`)]).toEqual(['a']);
    expect([...linesIn(`${ends}a`)]).toEqual(['a']);
  });
});
