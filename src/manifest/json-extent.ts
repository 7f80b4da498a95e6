/** flix nests five deep. The limit keeps a file of brackets from filling the memory. */
const DEEPEST = 100;

const VALUE = '{["-0123456789tfn';
const SPACE = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/**
 * Returns how many UTF-16 units of a text are valid as the beginning of JSON (RFC 8259); the whole length if the text is
 * valid or only ends too early. The error of `JSON.parse` does not name the place in every version of Node.
 */
export function jsonExtent(text: string): number {
  const closers: string[] = [];
  const afterValue = () => (closers.length > 0 ? `,${closers.at(-1)}` : '');
  let allowed = VALUE;
  for (let at = skip(SPACE, text, 0); at < text.length; at = skip(SPACE, text, at)) {
    const next = text[at]!;
    if (!allowed.includes(next) || closers.length > DEEPEST) return at;
    if (next === '{' || next === '[') {
      closers.push(next === '{' ? '}' : ']');
      allowed = next === '{' ? '"}' : `${VALUE}]`;
      at++;
    } else if (next === '}' || next === ']') {
      closers.pop();
      allowed = afterValue();
      at++;
    } else if (next === ',' || next === ':') {
      allowed = next === ',' && closers.at(-1) === '}' ? '"' : VALUE;
      at++;
    } else {
      const isKey = next === '"' && !allowed.includes('t');
      const { end, whole } = next === '"' ? stringAt(text, at) : literalAt(text, at);
      if (!whole) return end;
      allowed = isKey ? ':' : afterValue();
      at = end;
    }
  }
  return text.length;
}

function literalAt(text: string, at: number): { readonly end: number; readonly whole: boolean } {
  const end = skip(LITERAL, text, at);
  return { end, whole: end > at };
}

function stringAt(text: string, at: number): { readonly end: number; readonly whole: boolean } {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') {
    if (text[end]! < ' ') return { end, whole: false };
    const next = text[end] === '\\' ? skip(ESCAPE, text, end) : end + 1;
    if (next === end) return { end, whole: false };
    end = next;
  }
  return end < text.length ? { end: end + 1, whole: true } : { end, whole: false };
}

/** Returns the end of a match at a place, or the place itself if the pattern does not match there. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
