import { asBuffer } from '../elf/bytes.ts';
import { follow } from '../view/follow.ts';
import { existingPaths } from '../view/glob.ts';
import { basename, join, within } from '../view/path.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { interpretersOf } from './interpreters.ts';
import { type Language, languages } from './languages.ts';
import type { Need, Strength } from './need.ts';

/**
 * Returns the modules that a script loads, directly or not, and that do not come with its interpreter.
 *
 * @param path a script, real
 * @param around in which the paths are looked up
 */
export function moduleNeeds(view: View, path: string, around: View): Need[] {
  const interpreters = interpretersOf(around, path).paths.map(named =>
    basename(follow(around, named).path ?? named),
  );
  for (const language of languages)
    for (const name of interpreters) {
      const match = language.interpreter.exec(name);
      if (match) return modulesOf(view, path, around, language, match[1] ?? '');
    }
  return [];
}

function modulesOf(view: View, script: string, around: View, language: Language, version: string): Need[] {
  const directories = language.directories.flatMap(directory =>
    existingPaths(around, directory.replace('$1', version)),
  );
  const needs = new Map<string, Need>();
  const todo: { readonly view: View; readonly path: string }[] = [{ view, path: script }];
  const optional: { readonly name: string; readonly file: string; readonly line: number }[] = [];
  let strength: Strength = 'required';
  const sought = new Set<string>();
  const add = (name: string, file: string, line: number) => {
    if (sought.has(name)) return;
    sought.add(name);
    for (const directory of directories)
      for (const part of language.filesOf(around, directory, name)) {
        const what = join(directory, part);
        if (needs.has(what)) continue;
        needs.set(what, {
          what,
          strength,
          evidence: { kind: 'import', file, text: language.shown?.(name) ?? name, line },
        });
        todo.push(...sourcesIn(around, what, language.source));
      }
  };
  for (const directory of language.moduleOf ? directories : []) {
    const real = follow(around, directory).path ?? directory;
    const own = within(real, script) ? language.moduleOf!(script.slice(real.length + 1)) : undefined;
    if (own !== undefined) add(own, script, 0);
  }
  const readAll = () => {
    for (let file = todo.shift(); file; file = todo.shift()) {
      if (NATIVE.test(file.path)) {
        for (const name of nativeNames(file.view, file.path, around, directories)) add(name, file.path, 0);
        continue;
      }
      for (const loaded of language.loads(readSource(file.view, file.path))) {
        if (loaded.optional) optional.push({ ...loaded, file: file.path });
        else add(loaded.name, file.path, loaded.line);
      }
    }
  };
  readAll();
  // modules that only optional ones load are optional, too
  strength = 'recommended';
  for (const { name, file, line } of optional) {
    add(name, file, line);
    readAll();
  }
  return [...needs.values()];
}

/** A module in machine code, which may load others by names that it contains. */
const NATIVE = /\.so$/;
/** Nobody runs the tests of a module that is installed. */
const TESTS = /\/(?:tests?|__pycache__)$/;

/** Returns the files of a module that may load others, sorted. */
function sourcesIn(
  view: View,
  what: string,
  source: RegExp,
): { readonly view: View; readonly path: string }[] {
  const real = follow(view, what);
  if (real.path === undefined) return [];
  const found = real.kind === 'file' ? [real.path] : [];
  if (real.kind === 'directory')
    for (const { path, kind } of walk(view, real.path, at => TESTS.test(at)))
      if (kind === 'file') found.push(path);
  return found
    .filter(path => source.test(path) || NATIVE.test(path))
    .sort()
    .map(path => ({ view, path }));
}

/** Returns the native modules whose names a native module contains, such as `_cffi_backend`. */
function nativeNames(view: View, path: string, around: View, directories: readonly string[]): string[] {
  const names = directories.flatMap(directory =>
    [...around.list(directory).keys()]
      .filter(name => /^_\w+\..*so$/.test(name))
      .map(name => name.split('.')[0]!),
  );
  const bytes = names.length > 0 ? readBytes(view, path) : undefined;
  const content = bytes && asBuffer(bytes);
  return names.filter(name => basename(path).split('.')[0] !== name && content?.includes(name));
}

const MAX_SOURCE = 1024 * 1024;

function readSource(view: View, path: string): string {
  const bytes = readBytes(view, path);
  return bytes && bytes.length <= MAX_SOURCE ? asBuffer(bytes).toString('latin1') : '';
}
