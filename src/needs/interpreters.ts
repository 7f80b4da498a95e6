import { follow } from '../view/follow.ts';
import { shebangOf } from '../view/text.ts';
import { basename, join } from '../view/path.ts';
import type { View } from '../view/view.ts';

/** The number of nested script interpreters that execve(2) allows (fs/exec.c). */
const MAX_DEPTH = 5;

/** The usual PATH, in which `env` looks programs up. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The interpreters of a script. */
export interface Interpreters {
  /** As the first lines name them; an interpreter may be a script with interpreters of its own. */
  readonly paths: readonly string[];
  /** Names that are not in PATH, and paths that do not exist. */
  readonly missing: readonly string[];
}

/** @param path a file of the view; a file that is not a script has no interpreters */
export function interpretersOf(view: View, path: string): Interpreters {
  const paths = new Set<string>();
  const missing = new Set<string>();
  const todo = [path];
  for (let depth = 0; depth < MAX_DEPTH && todo.length > 0; depth++)
    for (const script of todo.splice(0))
      for (const { name, found } of interpretersIn(view, script)) {
        if (found === undefined) missing.add(name);
        else if (!paths.has(found)) {
          paths.add(found);
          todo.push(found);
        }
      }
  return { paths: [...paths], missing: [...missing] };
}

function interpretersIn(
  view: View,
  path: string,
): { readonly name: string; readonly found: string | undefined }[] {
  const real = follow(view, path);
  const line = real.path !== undefined && real.kind === 'file' ? shebangOf(view, real.path) : undefined;
  if (!line) return [];
  const names = [line.interpreter];
  if (basename(line.interpreter) === 'env') names.push(...programOfEnv(line.argument));
  return names.map(name => ({ name, found: findProgram(view, name) }));
}

/** Returns the program that env(1) starts: it follows options and assignments; `-S` splits the rest of the line. */
function programOfEnv(argument: string): string[] {
  const words = argument
    .replace(/^-S\s*|^--split-string[=\s]/, '')
    .split(/[ \t]+/)
    .filter(word => word !== '' && !word.startsWith('-') && !word.includes('='));
  return words.slice(0, 1);
}

/** Finds a program by its path, or by its name in the usual directories. */
export function findProgram(view: View, name: string): string | undefined {
  const paths = name.includes('/') ? [name] : PATH.map(directory => join(directory, name));
  return paths.find(path => {
    const real = follow(view, path);
    return real.path !== undefined && real.kind === 'file';
  });
}
