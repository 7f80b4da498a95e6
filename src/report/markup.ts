import { printable } from '../printable.ts';

/** Escapes text for an element or a quoted attribute of HTML or SVG. */
export function htmlText(text: string): string {
  return printable(text).replace(/[&<>"']/g, entity);
}

/**
 * Escapes text for GitHub's Markdown, in a paragraph, a table or HTML: every character that could mark up, link or
 * mention becomes an entity (github.github.com/gfm, 6.2: an entity never counts as structure). GitHub looks for
 * mentions after it has decoded entities, so an invisible space breaks those up.
 */
export function markdownText(text: string): string {
  return markdownEntities(text, character => (/[@#]/.test(character) ? '&#8203;' : ''));
}

/** Escapes text as code. GitHub looks for no mentions in code, so text that people may want to copy stays intact. */
export function markdownCode(text: string): string {
  return `<code>${markdownEntities(text, () => '')}</code>`;
}

function markdownEntities(text: string, after: (character: string) => string): string {
  const special = /[&<>"'\\`*_[\]{}|~$!@#]|:(?=\/\/)|(?<=\bwww)\./gi;
  return printable(text).replace(special, character => entity(character) + after(character));
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
