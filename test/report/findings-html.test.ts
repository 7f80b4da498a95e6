import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execaSync } from 'execa';
import { dirSync } from 'tmp-promise';
import { describe, expect, it } from 'vitest';
import { pages } from '../../src/audit/checks.ts';
import { findingsHtml } from '../../src/report/findings-html.ts';
import { has } from '../lab/requires.ts';
import { auditOf, hostile, leak } from './findings.ts';

const names = Object.values(hostile);
const attacked = findingsHtml(
  auditOf(
    names.map(name => leak(name, { message: name, fix: name, extension: name, subject: name })),
    [hostile.script],
  ),
  pages,
);

describe('findingsHtml', () => {
  it('contains each finding with its fix and chain, the most severe first', () => {
    const page = findingsHtml(auditOf([leak('libc.so.6'), leak('a.so', { severity: 'info' })]), pages);
    expect(page).toContain('<h1>1 error, 1 note</h1>');
    expect(page).toContain('<dt>Fix</dt><dd>bring it</dd>');
    expect(page).toContain('<code>/usr/bin/app → libc.so.6 (cache)</code>');
    expect(page.match(/<h2 class="\w+">/g)).toEqual(['<h2 class="error">', '<h2 class="info">']);
    expect(page).toContain('<a href="#finding-1"><g class="node info"');
    expect(page).toContain('<article class="info x0 h0" id="finding-1">');
  });

  it('draws no graph if no finding has a chain', () => {
    expect(findingsHtml(auditOf([]), pages)).not.toContain('<svg');
    expect(findingsHtml(auditOf([leak('a.so', { chain: [] })]), pages)).not.toContain('<svg');
  });

  it('opens with a table of extensions and hosts, and folds the graph and findings about one file', () => {
    const hosts = ['debian 12', 'debian 13'];
    const page = findingsHtml(auditOf([leak('a.so'), leak('b.so'), leak('c.so')], hosts), pages);
    const order = ['<h1>', '<table>', '<fieldset>', '<article', '<details class="more">', '<svg'];
    const places = order.map(text => page.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(page).toContain('<td class="none">no findings</td><td class="error">3 errors</td>');
    expect(page).toContain('<summary>2 findings more about /usr/bin/app: b.so, c.so</summary>');
    expect(page).toContain('<details class="graph"><summary>');
    expect(page).toContain('body:has(#h-0:checked) main article:not(.h0)');
  });

  it('lists several kinds with links to their sections, and filters this list, too', () => {
    const findings = [
      leak('a.so'),
      leak('b.so', { extension: 'other' }),
      leak('c.so', { kind: 'shadowing/host-file', severity: 'warning' }),
    ];
    const page = findingsHtml(auditOf(findings, ['debian 12']), pages);
    const [list] = /<table class="index">[^]*?<\/table>/.exec(page)!;
    const rows = list.match(/<tr class="[^]*?<\/tr>/g)!;
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^<tr class="error x0 x1"><td class="error">error<.*<td>2<.*<code>other<\/code>/);
    const links = [...list.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toEqual(['kind-leaks-host-library', 'kind-shadowing-host-file']);
    for (const id of links) expect(page).toContain(`id="${id}">\n<h2`);
    expect(page).toContain('body:has(#x-0:checked) main tbody tr:not(.x0)');
    expect(findingsHtml(auditOf([leak('a.so')]), pages)).not.toContain('<table class="index">');
  });

  it('loads nothing from elsewhere, and shows every name as text', () => {
    expect(attacked).toContain(`content="default-src 'none'; style-src 'unsafe-inline';`);
    expect(attacked).not.toMatch(/<(script|img|link|iframe)|\bsrc="|\burl\(|href="[^#]/);
  });

  it.runIf(has('tool:chromium'))(
    'is shown by a browser, which runs nothing of it',
    () => {
      const { name: place, removeCallback } = dirSync({ unsafeCleanup: true });
      const chromium = (page: string, ...options: string[]) => {
        const file = path.join(place, 'page.html');
        fs.writeFileSync(file, page);
        const always = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${place}/profile`];
        return execaSync('chromium', [...always, ...options, pathToFileURL(file).href], { timeout: 50_000 })
          .stdout;
      };
      try {
        const dom = chromium(attacked, '--dump-dom');
        expect(dom).toContain('<title>flix audit: 3 errors</title>');
        expect(dom).toContain('&lt;script&gt;document.title="run"&lt;/script&gt;');
        expect(dom.match(/<article/g)).toHaveLength(names.length);
        expect(dom).not.toMatch(/<(script|img)/);
        // even if a name were not escaped, the policy would keep it from running
        const open = attacked.replace('<body>', `<body><script>document.title = 'run'</script>`);
        expect(chromium(open, '--dump-dom')).toContain('<title>flix audit: 3 errors</title>');
        const picture = path.join(place, 'page.png');
        chromium(attacked, `--screenshot=${picture}`);
        expect(fs.statSync(picture).size).toBeGreaterThan(10_000);
      } finally {
        removeCallback();
      }
    },
    160_000,
  );
});
