import { follow } from '../../view/follow.ts';
import { headOf, shebang } from '../../view/head.ts';
import { basename, join } from '../../view/path.ts';
import type { View } from '../../view/view.ts';

/** execve(2) follows this many scripts that are each other's interpreters (fs/exec.c). */
const MAX_DEPTH = 5;

/** Where `env` looks, if the caller's PATH is the usual one. */
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What has to run for a file to run. */
export interface Interpreters {
  /** As the first lines name them, those of interpreters that are scripts as well. */
  readonly paths: readonly string[];
  /** Names that are in no directory of PATH, and paths where nothing is. */
  readonly missing: readonly string[];
}

/** @param path of a file of the view; one that is no script has no interpreters */
export function interpretersOf(view: View, path: string): Interpreters {
  const paths = new Set<string>();
  const missing = new Set<string>();
  const todo = [path];
  for (let depth = 0; depth < MAX_DEPTH && todo.length > 0; depth++)
    for (const script of todo.splice(0))
      for (const { name, found } of named(view, script)) {
        if (found === undefined) missing.add(name);
        else if (!paths.has(found)) {
          paths.add(found);
          todo.push(found);
        }
      }
  return { paths: [...paths], missing: [...missing] };
}

function named(view: View, path: string): { readonly name: string; readonly found: string | undefined }[] {
  const real = follow(view, path);
  const line = real.path !== undefined && real.kind === 'file' ? shebang(headOf(view, real.path)) : undefined;
  if (!line) return [];
  const names = [line.interpreter];
  if (basename(line.interpreter) === 'env') names.push(...programOfEnv(line.argument));
  return names.map(name => ({ name, found: findProgram(view, name) }));
}

/** env(1): options and assignments stand before the program; `-S` splits what follows. */
function programOfEnv(argument: string): string[] {
  const words = argument
    .replace(/^-S\s*|^--split-string[=\s]/, '')
    .split(/[ \t]+/)
    .filter(word => word !== '' && !word.startsWith('-') && !word.includes('='));
  return words.slice(0, 1);
}

/** A program by its path, or by its name in the usual directories. */
export function findProgram(view: View, name: string): string | undefined {
  const paths = name.includes('/') ? [name] : PATH.map(directory => join(directory, name));
  return paths.find(path => {
    const real = follow(view, path);
    return real.path !== undefined && real.kind === 'file';
  });
}
