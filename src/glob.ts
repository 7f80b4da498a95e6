/** One element of a pattern: a character, a set of characters, or a wildcard. */
type Token = 'one' | 'any' | 'any, slashes too' | { readonly has: (character: string) => boolean };

/**
 * Compiles a shell pattern as fnmatch(3) reads it with FNM_NOESCAPE: `*`, `?`, and sets such as `[a-z]`, `[!a]` or
 * `[^a]`; a bracket without its counterpart is an ordinary character, and so is a backslash. Character classes
 * (`[:alpha:]`) are not supported. Matching takes time proportional to the length of the pattern times that of the
 * text, whatever the pattern.
 *
 * @param pathname `*`, `?` and sets do not match a slash (FNM_PATHNAME), and `**` matches any text
 */
export function compileGlob(pattern: string, { pathname = false } = {}): (text: string) => boolean {
  if (!/[*?[]/.test(pattern)) return text => text === pattern;
  const tokens = parse(pattern, pathname);
  return text => {
    // all positions in the pattern that the text so far can lead to: no backtracking
    let positions = skipStars(tokens, [0]);
    for (const character of text) {
      const next: number[] = [];
      for (const at of positions) {
        const token = tokens[at];
        if (token === undefined || !accepts(token, character, pathname)) continue;
        next.push(isStar(token) ? at : at + 1);
      }
      positions = skipStars(tokens, next);
    }
    return positions.has(tokens.length);
  };
}

/** Adds the positions that are reached when a star matches nothing. */
function skipStars(tokens: readonly Token[], positions: readonly number[]): Set<number> {
  const all = new Set(positions);
  for (const at of all) if (isStar(tokens[at])) all.add(at + 1);
  return all;
}

function isStar(token: Token | undefined): boolean {
  return token === 'any' || token === 'any, slashes too';
}

function accepts(token: Token, character: string, pathname: boolean): boolean {
  if (token === 'any, slashes too') return true;
  if (typeof token === 'object') return token.has(character);
  return !pathname || character !== '/';
}

function parse(pattern: string, pathname: boolean): Token[] {
  const tokens: Token[] = [];
  // a bracket right after the opening one, or after its negation, belongs to the set
  for (const [part] of pattern.matchAll(/\*+|\?|\[[!^]?\]?[^\]]*\]|[^]/gu))
    if (part.startsWith('*')) tokens.push(pathname && part.length > 1 ? 'any, slashes too' : 'any');
    else if (part === '?') tokens.push('one');
    else if (part.length > 1 && part.startsWith('[')) tokens.push(parseSet(part.slice(1, -1), pathname));
    else tokens.push({ has: character => character === part });
  return tokens;
}

/** @param text between the brackets */
function parseSet(text: string, pathname: boolean): Token {
  const negated = /^[!^]/.test(text);
  const ranges = [...text.slice(negated ? 1 : 0).matchAll(/([^])-([^])|[^]/gu)].map(
    ([single, first = single, last = single]) => [codePoint(first), codePoint(last)] as const,
  );
  return {
    has(character) {
      if (pathname && character === '/') return false;
      const code = codePoint(character);
      return ranges.some(([first, last]) => first <= code && code <= last) !== negated;
    },
  };
}

function codePoint(character: string): number {
  return character.codePointAt(0)!;
}
