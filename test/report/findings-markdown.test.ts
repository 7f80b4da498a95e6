import { describe, expect, it } from 'vitest';
import { pages } from '../../src/audit/checks.ts';
import { findingsMarkdown } from '../../src/report/findings-markdown.ts';
import { auditOf, hostile, leak } from './findings.ts';

describe('findingsMarkdown', () => {
  it('is one line if there are no findings', () => {
    expect(findingsMarkdown(auditOf([]), pages)).toBe('**flix audit:** no findings (over debian 13)\n');
  });

  it('has a table of kinds and the details of each finding', () => {
    const warning = leak('libm.so.6', { severity: 'warning', alsoIn: ['/usr/bin/b'], extension: 'other' });
    const audit = auditOf([leak('libc.so.6'), leak('libz.so.1'), warning]);
    const text = findingsMarkdown(audit, pages);
    expect(text.split('\n').slice(0, 12)).toEqual([
      '**flix audit:** 2 errors, 1 warning (over debian 13)',
      '',
      '| extension | debian 13 |',
      '| --- | --- |',
      '| <code>app</code> | 2 errors |',
      '| <code>other</code> | 1 warning |',
      '',
      '| severity | finding | kind | number | extensions |',
      '| --- | --- | --- | --: | --- |',
      '| error | A library from outside the extension is loaded | <code>leaks/host-library</code> | 2 | <code>app</code> |',
      '| warning | A library from outside the extension is loaded | <code>leaks/host-library</code> | 1 | <code>other</code> |',
      '',
    ]);
    expect(text).toContain(
      '<details><summary>warning: <code>other</code>: /usr/lib/libm.so.6 is loaded from the host</summary>\n\n' +
        '- **Fix:** bring it\n- **In:** <code>/usr/bin/app</code>, <code>/usr/bin/b</code>\n' +
        '- **Chain:** <code>/usr/bin/app → libm.so.6 (cache)</code>\n' +
        '- **Kind:** <code>leaks/host-library</code>\n\n</details>\n',
    );
  });

  it('names the hosts if not all are affected, and what is known or accepted', () => {
    const hosts = ['debian 12', 'debian 13'];
    const known = { known: true, severity: 'info', accepted: 'foreseen' } as const;
    const text = findingsMarkdown(auditOf([leak('a.so', known), leak('b.so', { hosts })], hosts), pages);
    expect(text.match(/\*\*On:\*\* .*/g)).toEqual(['**On:** debian 13']);
    expect(text).toContain('**Known:** documented in the manifest');
    expect(text).toContain('**Accepted:** foreseen');
  });

  it('escapes all markup in names', () => {
    for (const name of Object.values(hostile)) {
      const more = { message: name, fix: name, extension: name, subject: name, alsoIn: [name] };
      const text = findingsMarkdown(auditOf([leak(name, more)], [name]), pages);
      const tags = new Set(text.match(/<[^>]*>/g));
      expect(tags).toEqual(
        new Set(['<code>', '</code>', '<details>', '</details>', '<summary>', '</summary>']),
      );
      // the tables keep their shapes: a heading, a rule, and rows with two or five cells each
      const rows = text.split('\n').filter(line => line.startsWith('|'));
      expect(rows.map(row => row.split('|').length)).toEqual([4, 4, 4, 4, 7, 7, 7]);
      expect(text).not.toMatch(/[@[\]`]|(?<!&)#|www\.|https:/);
    }
  });

  it('folds findings of one kind about one file, and lists at most 20 of them', () => {
    const many = Array.from({ length: 30 }, (_, index) => leak(`lib${index}.so`));
    const text = findingsMarkdown(auditOf(many), pages);
    expect(text.match(/<details>/g)).toHaveLength(1);
    expect(text).toContain(
      '<summary>error: <code>app</code>: <code>/usr/bin/app</code>: 30 findings: lib0.so,',
    );
    expect(text.match(/^- \/usr\/lib\/lib\d+\.so is loaded from the host$/gm)).toHaveLength(20);
    expect(text).toContain('\n- and 10 more\n');
  });

  it('begins with a table of extensions and hosts, if there are several', () => {
    const hosts = ['debian 12', 'debian 13'];
    expect(
      findingsMarkdown(auditOf([leak('a.so')], hosts), pages)
        .split('\n')
        .slice(2, 6),
    ).toEqual([
      '| extension | debian 12 | debian 13 |',
      '| --- | --- | --- |',
      '| <code>app</code> | no findings | 1 error |',
      '',
    ]);
  });

  it('fits into a comment', () => {
    const many = Array.from({ length: 2000 }, (_, index) =>
      leak(`lib${index}.so`, { subject: `/usr/bin/app${index}` }),
    );
    const text = findingsMarkdown(auditOf(many), pages);
    expect(text.length).toBeLessThan(65_536);
    const shown = text.match(/<details>/g)!.length;
    expect(text).toContain(`${2000 - shown} findings more`);
  });
});
