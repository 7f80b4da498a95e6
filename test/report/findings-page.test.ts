import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pages } from '../../src/audit/checks.ts';
import { findingPage } from '../../src/report/findings-page.ts';

const docs = new URL('../../docs/findings/', import.meta.url);

/** After changing a page, write the file again with `vitest run -u`. */
describe('docs/findings', () => {
  it.each([...pages])('contains what --explain prints: %s', async (kind, page) => {
    await expect(findingPage(kind, page)).toMatchFileSnapshot(fileURLToPath(new URL(`${kind}.md`, docs)));
  });

  it('has no page for a kind that does not exist', () => {
    const files = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter(file =>
      file.endsWith('.md'),
    );
    expect(files.sort()).toEqual([...pages.keys()].map(kind => `${kind}.md`).sort());
  });
});

describe('findingPage', () => {
  const page = { title: 'T', means: 'word '.repeat(60).trim(), matters: 'b', fix: 'c' };

  it('fits a terminal and keeps every word', () => {
    const text = findingPage('a/b', page);
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(100);
    expect(text.match(/word/g)).toHaveLength(60);
  });
});
