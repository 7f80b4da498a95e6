import { existingPaths } from '../view/glob.ts';
import { memoised } from '../view/memo.ts';
import { join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** A language whose scripts load modules by name. */
export interface Language {
  /** Matches the real name of the interpreter. */
  readonly interpreter: RegExp;
  /** Directories of modules that do not come with the interpreter; `$1` is what the pattern matched. */
  readonly directories: readonly string[];
  /** Returns the modules that a text loads. */
  readonly loads: (text: string) => readonly Loaded[];
  /** Returns the files and directories of a module in such a directory, as names below it. */
  readonly filesOf: (view: View, directory: string, name: string) => readonly string[];
  /** The files that are read for further modules. */
  readonly source: RegExp;
  /** Writes a name as scripts do, if they do so in another way. */
  readonly shown?: (name: string) => string;
  /** Returns the module to which a file in such a directory belongs; absent: it brings itself. @param below its path there */
  readonly moduleOf?: (below: string) => string | undefined;
}

/** A module that a text loads, by its name as a directory of modules has it. */
interface Loaded {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** The script works without it. */
  readonly optional?: boolean;
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
  loads: text => {
    const lines = linesOf(text);
    const optional = optionalLines(lines);
    return lines.flatMap(([code, line]) => {
      const [, from, list, requires] =
        /^\s*(?:from\s+(\w+)[\w.]*\s+import\b|import\s+([\w., ]+)|__requires__\s*=\s*['"]([\w.-]+))/.exec(
          code,
        ) ?? [];
      const names = list?.split(',').map(name => name.trim().split(/[. ]/)[0]!) ?? [from ?? requires ?? ''];
      return names.filter(Boolean).map(name => ({ name, line, optional: optional.has(line) }));
    });
  },
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
  shown: name => name.replaceAll('/', '::'),
  filesOf: (view, directory, name) =>
    view.kind(join(directory, `${name}.pm`)) === undefined
      ? []
      : [`${name}.pm`, name, `auto/${name}`].filter(file => view.kind(join(directory, file)) !== undefined),
  source: /\.p[ml]$/,
};

const ruby: Language = {
  interpreter: /^ruby-?(\d+\.\d+)/,
  directories: [
    '/usr/local/lib/site_ruby',
    '/usr/lib/ruby/vendor_ruby',
    '/usr/lib/*-linux-*/ruby/vendor_ruby/$1.0',
    '/usr/share/ruby/vendor_ruby',
    '/usr/lib64/ruby/vendor_ruby',
    // directories of gems
    '/usr/share/rubygems-integration/*',
    '/usr/lib/*-linux-*/rubygems-integration/$1.0',
    '/usr/lib/ruby/gems/$1.0',
    '/usr/share/gems',
  ],
  // the interpreter itself loads rubygems, which refuses a gem whose dependencies are missing
  loads: text =>
    namesIn(
      withoutManual(text),
      /\b(?:require|gem|add_(?:runtime_)?dependency)\s*\(?\s*(?:%q<|['"])(\w[\w/.-]*)|\bautoload\s*\(?\s*:\w+\s*,\s*['"](\w[\w/.-]*)/g,
      /^\s*#/,
    ).filter(({ name }) => name !== 'rubygems'),
  filesOf: (view, directory, name) => {
    const [first] = name.split('/', 1) as [string];
    return [
      ...(hasRuby(view, directory, name)
        ? existing(view, directory, [`${first}.rb`, first, `${first}.so`])
        : []),
      ...gems(view, directory, name),
    ];
  },
  source: /\.(?:rb|gemspec)$/,
};

const luaDirectories = (version: string) => [
  `/usr/local/share/lua/${version}`,
  `/usr/local/lib/lua/${version}`,
  `/usr/share/lua/${version}`,
  `/usr/lib/*-linux-*/lua/${version}`,
  `/usr/lib/lua/${version}`,
  `/usr/lib64/lua/${version}`,
];

const lua: Language = {
  interpreter: /^lua-?(5\.\d)/,
  directories: luaDirectories('$1'),
  loads: text => namesIn(text, /\brequire\s*\(?\s*(?:['"]|\[\[)([\w-]+)/g, /^\s*--/),
  filesOf: (view, directory, name) => existing(view, directory, [`${name}.lua`, name, `${name}.so`]),
  source: /\.lua$/,
};

/** It is compatible with Lua 5.1. */
const luajit: Language = { ...lua, interpreter: /^luajit/, directories: luaDirectories('5.1') };

const node: Language = {
  interpreter: /^node(?:js)?(?:-\d+)?$/,
  directories: [
    '/usr/local/lib/node_modules',
    '/usr/share/nodejs',
    '/usr/lib/nodejs',
    '/usr/lib/*-linux-*/nodejs',
    '/usr/lib/node_modules',
  ],
  loads: text =>
    dependenciesIn(text) ??
    namesIn(
      text,
      /(?:\brequire\s*\(\s*|\bfrom\s+|\bimport\s*\(?\s*)['"]((?:@[\w.-]+\/)?\w[\w.-]*)(?=['"/])/g,
      /^\s*(?:\/\/|\*)/,
    ),
  filesOf: (view, directory, name) => existing(view, directory, [name, `${name}.js`]),
  source: /\.[cm]?js$|\/package\.json$/,
  moduleOf: below => /^(?:@[^/]+\/)?[^/]+(?=\/)/.exec(below)?.[0],
};

export const languages: readonly Language[] = [python, perl, ruby, lua, luajit, node];

/** In characters. Statements that load modules are shorter, and the patterns may take quadratic time. */
const MAX_LINE = 1000;

/** Blanks the manual in a Perl script (perlpod) or a Ruby script, and the text after the end of the program. */
export function withoutManual(text: string): string {
  const code = text.replace(/^__(?:END|DATA)__$[^]*/m, '');
  return code.replace(/^=[a-z]\w*[^]*?(?:^=(?:cut|end)\b.*$|(?![^]))/gm, manual =>
    manual.replace(/[^\n]+/g, ''),
  );
}

/** Finds names in the lines of a text. @param pattern a global pattern, one of whose groups is a name */
function namesIn(text: string, pattern: RegExp, comment: RegExp): Loaded[] {
  return linesOf(text).flatMap(([code, line]) =>
    comment.test(code)
      ? []
      : [...code.matchAll(pattern)].map(([, first, second]) => ({ name: first ?? second!, line })),
  );
}

function existing(view: View, directory: string, names: readonly string[]): string[] {
  return names.filter(name => view.kind(join(directory, name)) !== undefined);
}

/** Returns the dependencies in a package.json; `undefined`: the text is not one. */
function dependenciesIn(text: string): Loaded[] | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const { dependencies } = JSON.parse(text) as { readonly dependencies?: unknown };
    return Object.keys(dependencies ?? {}).map(name => ({ name, line: 0 }));
  } catch {
    return undefined;
  }
}

function hasRuby(view: View, directory: string, name: string): boolean {
  return existing(view, directory, [name, `${name}.rb`, `${name}.so`]).some(
    file => view.kind(join(directory, file)) !== 'directory',
  );
}

/** Returns the files, machine code and descriptions of gems that contain a module or have its name (RubyGems, Gem::Specification). */
function gems(view: View, directory: string, name: string): string[] {
  const { modules, descriptions } = gemsIn(view, directory);
  const [first] = name.split('/', 1) as [string];
  const having = (modules.get(first) ?? []).filter(gem =>
    hasRuby(view, join(directory, `gems/${gem}/lib`), name),
  );
  const names = [...new Set([...having, ...(descriptions.get(name) ?? [])])];
  const files = names.flatMap(gem => [`gems/${gem}`, `specifications/${gem}.gemspec`]);
  const code = names.flatMap(gem => existingPaths(view, join(directory, `extensions/*/*/${gem}`)));
  return [...existing(view, directory, files), ...code.map(path => path.slice(directory.length + 1))];
}

/** Lists the gems of a directory by their modules and by their names. */
const gemsIn = memoised((view, directory) => {
  const modules = new Map<string, string[]>();
  const descriptions = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, name: string, gem: string) =>
    void (to.get(name)?.push(gem) ?? to.set(name, [gem]));
  for (const gem of view.list(join(directory, 'gems')).keys())
    for (const file of view.list(join(directory, `gems/${gem}/lib`)).keys())
      add(modules, file.replace(/\.(?:rb|so)$/, ''), gem);
  for (const file of view.list(join(directory, 'specifications')).keys()) {
    const [, gem, name] = /^((.+)-\d[^-]*)\.gemspec$/.exec(file) ?? [];
    if (name !== undefined) add(descriptions, name, gem!);
  }
  return { modules, descriptions };
});

function linesOf(text: string): (readonly [code: string, line: number])[] {
  const lines = text.split('\n').map((code, at) => [code, at + 1] as const);
  return lines.filter(([code]) => code.length <= MAX_LINE);
}

const TYPES_ONLY = /^if\s+(?:\w+\.)?TYPE_CHECKING\s*:/;
/** Clauses that catch a failed import (Python's “Exception hierarchy”). */
const CATCHES = /^except(?:\s*:|\b.*\b(?:ImportError|ModuleNotFoundError|Exception|BaseException)\b)/;
const ENDS = /\braise\b|\bexit\b/;
const IMPORTS = /^(?:from\s.*\simport|import)\b/;

/**
 * Returns the lines of a Python text whose imports may fail: those of a `try` whose handler goes on without the module, those
 * of the handler, which are alternatives, and those for type checkers (PEP 484). Indentation shows where blocks end.
 */
function optionalLines(all: readonly (readonly [code: string, line: number])[]): Set<number> {
  const lines = all
    .map(([code, line]) => ({ text: code.trim(), indent: code.search(/\S/), line }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
  const optional = new Set<number>();
  const mark = (block: typeof lines) => {
    for (const { line } of block) optional.add(line);
  };
  const blockAfter = (at: number) => {
    let end = at + 1;
    while (end < lines.length && lines[end]!.indent > lines[at]!.indent) end++;
    return { block: lines.slice(at + 1, end), end };
  };
  for (const [at, { text, indent }] of lines.entries()) {
    if (TYPES_ONLY.test(text)) mark(blockAfter(at).block);
    if (!/^try\s*:$/.test(text)) continue;
    const { block: body, end } = blockAfter(at);
    const handlers: (typeof lines)[] = [];
    for (let next = end; lines[next]?.indent === indent && lines[next]!.text.startsWith('except');) {
      const handler = blockAfter(next);
      if (CATCHES.test(lines[next]!.text)) handlers.push(handler.block);
      next = handler.end;
    }
    const has = (pattern: RegExp) => handlers.some(block => block.some(line => pattern.test(line.text)));
    for (const handler of handlers) mark(handler);
    if (handlers.length > 0 && !has(ENDS) && !has(IMPORTS)) mark(body);
  }
  return optional;
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

/** Reads the modules of each distribution from `top_level.txt`, or from the list of its files (PEP 376). */
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
