import { readText } from './text.ts';
import type { View } from './view.ts';

/** os-release(5): /etc first, /usr/lib as the fallback. `undefined`: the root has none, so it is a DESTDIR tree. */
export function readOsRelease(view: View): ReadonlyMap<string, string> | undefined {
  const content = readText(view, '/etc/os-release') ?? readText(view, '/usr/lib/os-release');
  return content === undefined ? undefined : parseAssignments(content);
}

/** `debian 12`; `ID` alone for a rolling release. */
export function rootLabel(release: ReadonlyMap<string, string> | undefined): string | undefined {
  const id = release?.get('ID');
  return id && [id, release?.get('VERSION_ID')].filter(Boolean).join(' ');
}

/** Shell-like assignments as os-release(5) defines them: quotes and backslashes, no expansion, `#` comments. */
export function parseAssignments(content: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of content.split('\n')) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line);
    if (match) values.set(match[1]!, unquote(match[2]!));
  }
  return values;
}

function unquote(value: string): string {
  const single = /^'([^']*)'$/.exec(value);
  if (single) return single[1]!;
  const double = /^"((?:[^"\\]|\\.)*)"$/.exec(value);
  return (double ? double[1]! : value).replace(/\\(.)/g, '$1');
}
