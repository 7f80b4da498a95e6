import { printable } from '../printable.ts';
import { readText } from './text.ts';
import type { View } from './view.ts';

/** Reads os-release(5) from /etc, otherwise from /usr/lib. `undefined` if the root has none, as a DESTDIR tree. */
export function readOsRelease(view: View): ReadonlyMap<string, string> | undefined {
  const content = readText(view, '/etc/os-release') ?? readText(view, '/usr/lib/os-release');
  return content === undefined ? undefined : parseAssignments(content);
}

/** Returns `debian 12`, or `ID` alone for a rolling release. */
export function rootLabel(release: ReadonlyMap<string, string> | undefined): string | undefined {
  const id = release?.get('ID');
  return id && printable([id, release?.get('VERSION_ID')].filter(Boolean).join(' '));
}

/** Characters that systemd treats as white space, and as the end of a line. */
const WHITESPACE = /[ \t\n\r]/;
const NEWLINE = /[\n\r]/;

type State = 'line' | 'comment' | 'key' | 'start' | 'value' | "'" | '"';

/**
 * Parses assignments as systemd does (src/basic/env-file.c, parse_env_file_internal): shell-like, with quotes and
 * backslashes, without expansion; white space around `=` is allowed and a comment takes a whole line. (Before 254, a
 * backslash at the end of a comment continued it on the next line.)
 */
export function parseAssignments(content: string): Map<string, string> {
  const values = new Map<string, string>();
  let state: State = 'line';
  let [key, value] = ['', ''];
  /** Length of the value without trailing white space. */
  let length = 0;
  const take = (text: string, counts = true) => {
    value += text;
    if (counts) length = value.length;
  };
  const end = () => {
    if (state === 'start' || state === 'value' || state === "'" || state === '"')
      values.set(key.trimEnd(), value.slice(0, length));
    state = 'line';
    [key, value, length] = ['', '', 0];
  };
  for (let at = 0; at < content.length; at++) {
    const char = content[at]!;
    if (state === "'" || state === '"') {
      if (char === state) state = 'start';
      else if (char === '\\' && state === '"') {
        const next = content[++at] ?? '';
        if (next !== '\n') take('"\\`$'.includes(next) ? next : char + next);
      } else take(char);
    } else if (state === 'comment') {
      if (NEWLINE.test(char)) state = 'line';
    } else if (NEWLINE.test(char)) end();
    else if (state === 'line') {
      if (char === '#' || char === ';') state = 'comment';
      else if (!WHITESPACE.test(char)) [state, key] = ['key', char];
    } else if (state === 'key') {
      if (char === '=') state = 'start';
      else key += char;
    } else if (char === '\\') {
      state = 'value';
      const next = content[++at] ?? '';
      if (!NEWLINE.test(next)) take(next);
    } else if (state === 'start' && (char === "'" || char === '"')) state = char;
    else if (state === 'value' || !WHITESPACE.test(char)) {
      state = 'value';
      take(char, !WHITESPACE.test(char));
    }
  }
  end();
  return values;
}
