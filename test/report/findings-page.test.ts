import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pages } from '../../src/audit/checks.ts';
import { findingPage } from '../../src/report/findings-page.ts';

const docs = new URL('../../docs/findings/', import.meta.url);

/** Written anew by `vitest run -u` after a page was changed. */
describe('docs/findings', () => {
  it.each([...pages])('%s says what --explain says', async (kind, page) => {
    await expect(findingPage(kind, page)).toMatchFileSnapshot(fileURLToPath(new URL(`${kind}.md`, docs)));
  });

  it('has no page of a finding that is no more', () => {
    const files = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter(file =>
      file.endsWith('.md'),
    );
    expect(files.sort()).toEqual([...pages.keys()].map(kind => `${kind}.md`).sort());
  });
});

describe('findingPage', () => {
  const page = { title: 'T', means: 'word '.repeat(60).trim(), matters: 'b', fix: 'c' };

  it('fits a terminal and loses no word', () => {
    const text = findingPage('a/b', page);
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100);
    expect(text.match(/word/g)).toHaveLength(60);
  });
});
