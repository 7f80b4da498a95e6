import { asBuffer } from '../elf/bytes.ts';
import { follow } from '../view/follow.ts';
import { existingPaths } from '../view/glob.ts';
import { memoised } from '../view/memo.ts';
import { basename, join } from '../view/path.ts';
import { readBytes, readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { interpretersOf } from './interpreters.ts';
import type { Need } from './need.ts';

/** A language whose scripts load modules by name. */
interface Language {
  /** Matches the real name of the interpreter. */
  readonly interpreter: RegExp;
  /** Directories of modules that do not come with the interpreter; `$1` is what the pattern matched. */
  readonly directories: readonly string[];
  /** Finds the modules that a text loads. */
  readonly loads: (text: string) => readonly Loaded[];
  /** Returns the files and directories of a module in such a directory, as names below it. */
  readonly filesOf: (view: View, directory: string, name: string) => readonly string[];
  /** The files that are read for further modules. */
  readonly source: RegExp;
}

/** A module that a text loads, by its name as a directory of modules has it. */
interface Loaded {
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

const python: Language = {
  interpreter: /^python(3\.\d+)/,
  directories: [
    '/usr/local/lib/python$1/dist-packages',
    '/usr/local/lib/python$1/site-packages',
    '/usr/lib/python3/dist-packages',
    '/usr/lib/python$1/site-packages',
    '/usr/lib64/python$1/site-packages',
  ],
  loads: text =>
    linesOf(text).flatMap(([code, line]) => {
      const [, from, list, requires] =
        /^\s*(?:from\s+(\w+)[\w.]*\s+import\b|import\s+([\w., ]+)|__requires__\s*=\s*['"]([\w.-]+))/.exec(
          code,
        ) ?? [];
      const names = list?.split(',').map(name => name.trim().split(/[. ]/)[0]!) ?? [from ?? requires ?? ''];
      return names.filter(Boolean).map(name => ({ name, line }));
    }),
  filesOf: pythonFiles,
  source: /\.py$/,
};

const perl: Language = {
  interpreter: /^perl/,
  directories: [
    '/usr/lib/*-linux-*/perl5/5*',
    '/usr/share/perl5',
    '/usr/lib/perl5/vendor_perl',
    '/usr/share/perl5/vendor_perl',
    '/usr/lib64/perl5/vendor_perl',
  ],
  loads: text =>
    linesOf(withoutManual(text)).flatMap(([code, line]) => {
      const name = /^\s*(?:use|require)\s+([A-Z]\w*(?:::\w+)*)/.exec(code)?.[1];
      return name === undefined ? [] : [{ name: name.replaceAll('::', '/'), line }];
    }),
  filesOf: (view, directory, name) =>
    view.kind(join(directory, `${name}.pm`)) === undefined
      ? []
      : [`${name}.pm`, name, `auto/${name}`].filter(file => view.kind(join(directory, file)) !== undefined),
  source: /\.p[ml]$/,
};

const languages = [python, perl];

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
          strength: 'required',
          evidence: { kind: 'import', file, text: name.replaceAll('/', '::'), line },
        });
        todo.push(...sourcesIn(around, what, language.source));
      }
  };
  for (const file of todo) {
    if (NATIVE.test(file.path)) {
      for (const name of nativeNames(file.view, file.path, around, directories)) add(name, file.path, 0);
      continue;
    }
    for (const { name, line } of language.loads(readSource(file.view, file.path))) add(name, file.path, line);
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
/** No statement that loads a module is as long; patterns may take quadratic time. */
const MAX_LINE = 1000;

function readSource(view: View, path: string): string {
  const bytes = readBytes(view, path);
  return bytes && bytes.length <= MAX_SOURCE ? asBuffer(bytes).toString('latin1') : '';
}

/** Blanks the manual in a Perl script (perlpod) or a Ruby script, and what is behind the end of the program. */
export function withoutManual(text: string): string {
  const code = text.replace(/^__(?:END|DATA)__$[^]*/m, '');
  return code.replace(/^=[a-z]\w*[^]*?(?:^=(?:cut|end)\b.*$|(?![^]))/gm, manual =>
    manual.replace(/[^\n]+/g, ''),
  );
}

function linesOf(text: string): (readonly [code: string, line: number])[] {
  const lines = text.split('\n').map((code, at) => [code, at + 1] as const);
  return lines.filter(([code]) => code.length <= MAX_LINE);
}

/** A module is a directory, a source file or a native module; the metadata of its distribution lies beside it. */
function pythonFiles(view: View, directory: string, name: string): string[] {
  const own = [...view.list(directory).keys()].filter(
    file => file === name || file === `${name}.py` || (file.startsWith(`${name}.`) && file.endsWith('.so')),
  );
  const { metadata, modules } = distributions(view, directory);
  const ofDistribution = own.length === 0 ? (modules.get(canonical(name)) ?? []) : [];
  const described = [name, ...ofDistribution].flatMap(module => metadata.get(module) ?? []);
  return [
    ...new Set([
      ...own,
      ...ofDistribution.flatMap(module => pythonModule(view, directory, module)),
      ...described,
    ]),
  ];
}

function pythonModule(view: View, directory: string, name: string): string[] {
  return [name, `${name}.py`].filter(file => view.kind(join(directory, file)) !== undefined);
}

/** Reads which distribution has which modules: `top_level.txt`, or else the list of its files (PEP 376). */
const distributions = memoised((view, directory) => {
  const metadata = new Map<string, string[]>();
  const modules = new Map<string, string[]>();
  for (const file of view.list(directory).keys()) {
    const distribution = /^(.+?)(?:-[^-]*)?(?:-py\d.*)?\.(?:dist|egg)-info$/.exec(file)?.[1];
    if (distribution === undefined) continue;
    const at = join(directory, file);
    const listed =
      readText(view, join(at, 'top_level.txt')) ??
      (readText(view, join(at, 'RECORD')) ?? '').replace(/^([\w]+)(?:\.py)?[/,].*$/gm, '$1');
    const names = new Set([...listed.split('\n').filter(name => /^\w+$/.test(name)), distribution]);
    modules.set(canonical(distribution), [...names]);
    for (const name of names) metadata.set(name, [...(metadata.get(name) ?? []), file]);
  }
  return { metadata, modules };
});

/** Names of distributions are compared without case and with one separator (PEP 503). */
function canonical(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
