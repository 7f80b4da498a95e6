import { printable } from '../printable.ts';

/** A name or sentence as text of HTML or SVG, in an element or a quoted attribute. */
export function htmlText(text: string): string {
  return printable(text).replace(/[&<>"']/g, entity);
}

/**
 * The same for GitHub's Markdown, in a paragraph, a table or HTML: whatever would mark up, link or call somebody is an
 * entity (github.github.com/gfm, 6.2: none of them can stand for structure). A mention is looked for after that.
 */
export function markdownText(text: string): string {
  return markdownEntities(text, character => (/[@#]/.test(character) ? '&#8203;' : ''));
}

/** As code: nothing is called there, and so nothing has to be broken up that somebody may want to copy. */
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
