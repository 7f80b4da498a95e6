import { asBuffer } from '../elf/bytes.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { readBytes, shebangOf } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { interpretersOf } from './interpreters.ts';
import { MAX_NAMED } from './named-paths.ts';
import type { Need } from './need.ts';
import { isOwn } from './ownership.ts';

/** Whether the kernel starts a file by its first line; not if it cannot be read. @param path real, of a file */
export function isScript(view: View, path: string): boolean {
  return (view.stat(path).mode & 0o111) !== 0 && shebangOf(view, path) !== undefined;
}

/**
 * Returns what a script needs: its interpreters, and what it names.
 *
 * @param view the root that has the script
 * @param path real
 * @param around in which the paths are looked up
 */
export function scriptNeeds(view: View, path: string, around: View): Need[] {
  const needs = new Map<string, Need>();
  for (const named of interpretersOf(around, path).paths)
    needs.set(resolveParent(around, named), {
      what: named,
      strength: 'required',
      evidence: { kind: 'interpreter', file: path, text: named, line: 1 },
    });
  for (const { named, line } of namedInScript(view, path)) {
    const real = follow(around, named);
    const what = resolveParent(around, named);
    if (real.path === undefined || real.path === path || needs.has(what) || LIBRARIES.test(what)) continue;
    const isProgram = real.kind === 'file' && (around.stat(real.path).mode & 0o111) !== 0;
    const own = isOwn(around, real.path, path);
    needs.set(what, {
      what: named,
      strength: own ? (isProgram ? 'required' : 'recommended') : 'candidate',
      evidence: { kind: 'script', file: path, text: named, line },
    });
  }
  return [...needs.values()];
}

/** The directories in which all libraries and all data lie. */
const LIBRARIES = /^\/usr\/(?:local\/)?(?:lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?|s?bin|libexec|share)$/;
/** An absolute path in the text of a script, such as that of a program or of its directory. */
const IN_SCRIPT = /(?<![\w.${}()*/-])\/(?:usr|opt|bin|sbin|lib|lib64)\/[\w.+@%-]+(?:\/[\w.+@%-]+)*/g;
/** In bytes. A longer text is a program with its data, such as a self-extracting archive. */
const MAX_SCRIPT = 256 * 1024;

/** Returns the paths in the text of a script, with the line of the first occurrence. */
function namedInScript(view: View, path: string): { readonly named: string; readonly line: number }[] {
  const bytes = readBytes(view, path);
  if (!bytes || bytes.length > MAX_SCRIPT) return [];
  const found = new Map<string, number>();
  for (const [at, text] of asBuffer(bytes).toString('latin1').split('\n').entries()) {
    if (at === 0 || /^\s*#/.test(text)) continue;
    for (const [named] of text.matchAll(IN_SCRIPT)) if (!found.has(named)) found.set(named, at + 1);
  }
  return found.size > MAX_NAMED ? [] : [...found].map(([named, line]) => ({ named, line }));
}
