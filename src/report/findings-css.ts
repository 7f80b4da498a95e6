/** Colours are a viewer's own, light or dark; nothing is fetched. */
export const findingsCss = `
:root { color-scheme: light dark; --text: #1b1f24; --page: #fff; --box: #f4f5f7; --line: #c3c8cf;
  --error: #b3141d; --warning: #8a5300; --info: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7eb; --page: #14171b; --box: #20252b; --line: #4a525c;
    --error: #ff8a85; --warning: #f0b04a; --info: #7cb7ff; }
}
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--text); background: var(--page); }
code, svg text { font-family: ui-monospace, monospace; font-size: 0.875em; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h2.error { color: var(--error); }
h2.warning { color: var(--warning); }
h2.info { color: var(--info); }
article { margin: 1rem 0; padding: 0.5rem 1rem; background: var(--box); border-left: 4px solid var(--line); }
article.error { border-color: var(--error); }
article.warning { border-color: var(--warning); }
article.info { border-color: var(--info); }
article:target { outline: 2px solid currentColor; }
article p, dl { margin: 0.25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.graph { overflow: auto; max-height: 40rem; border: 1px solid var(--line); }
svg path { fill: none; stroke: var(--line); stroke-width: 1.5; }
svg rect { fill: var(--box); stroke: var(--line); stroke-width: 1.5; }
svg text { fill: var(--text); font-size: 12px; }
svg text.by { font-size: 10px; opacity: 0.75; }
svg .error { stroke: var(--error); } svg .warning { stroke: var(--warning); } svg .info { stroke: var(--info); }
svg g.error, svg g.warning, svg g.info { stroke: none; }
svg g.error rect { stroke: var(--error); } svg g.warning rect { stroke: var(--warning); }
svg g.info rect { stroke: var(--info); }
svg .lost rect { stroke-dasharray: 5 4; }
`;
