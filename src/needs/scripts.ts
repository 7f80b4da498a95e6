import { asBuffer } from '../elf/bytes.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { programsOfDependencies } from './dependency-programs.ts';
import { textsAt } from './evidence.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { basename } from '../view/path.ts';
import { readBytes, shebangOf } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { findProgram, interpretersOf } from './interpreters.ts';
import { withoutManual } from './languages.ts';
import { COMMON_DIRECTORY, isExecutable, MAX_NAMED } from './named-paths.ts';
import { type Need, reaches, weakened } from './need.ts';
import { isOwn } from './ownership.ts';
import { isShell, readShell, type ShellScript, type ShellWord } from './shell.ts';

/** Whether the kernel starts a file by its first line; false if it cannot be read. @param path real, of a file */
export function isScript(view: View, path: string): boolean {
  return (view.stat(path).mode & 0o111) !== 0 && shebangOf(view, path) !== undefined;
}

/**
 * Returns what a script needs: its interpreters, what it names, and in a shell script the commands that it runs.
 *
 * @param view the root that has the script
 * @param path real
 * @param around in which the paths are looked up
 */
export function scriptNeeds(view: View, path: string, around: View): Need[] {
  const needs = new Map<string, Need>();
  const interpreters = interpretersOf(around, path).paths;
  for (const named of interpreters)
    needs.set(resolveParent(around, named), {
      what: named,
      strength: 'required',
      evidence: { kind: 'interpreter', file: path, text: named, line: 1 },
    });
  const shell = shellAt(view, path);
  const named = shell ? pathsInShell(shell) : pathsInText(textOf(view, path) ?? '');
  const found = [
    ...(shell ? commandNeeds(view, path, shell, around) : []),
    ...(named.length > MAX_NAMED ? [] : named.flatMap(word => pathNeed(path, word, around, shell))),
  ];
  for (const need of found) {
    const what = resolveParent(around, need.what);
    const known = needs.get(what);
    // an interpreter that is named again has to be at that path, while a first line can be changed
    if (known?.evidence.kind === 'interpreter') needs.set(what, { ...known, evidence: need.evidence });
    else if (!known || !reaches(known.strength, need.strength)) needs.set(what, need);
  }
  return [...needs.values()];
}

/** Parses a shell script, once; `undefined`: it is not a shell script, or cannot be parsed. @param path real */
const shellAt = memoised((view, path): ShellScript | undefined => {
  const text = interpretersOf(view, path).paths.some(named => isShell(basename(named)))
    ? textOf(view, path)
    : undefined;
  return text === undefined ? undefined : readShell(text);
});

/**
 * Returns the paths of the programs that an object or shell script names, and on whose packages its own package depends.
 *
 * @param path real
 */
export function declaredPrograms(view: View, path: string): string[] {
  const programs = programsOfDependencies(view, path);
  if (programs.size === 0) return [];
  const names = objectAt(view, path).facts
    ? textsAt(view, path).words
    : (shellAt(view, path)?.runs ?? []).map(({ text }) => basename(text));
  return names.flatMap(name => programs.get(name) ?? []);
}

/** An absolute path in the text of a script, such as that of a program or of its directory. */
const IN_SCRIPT = /(?<![\w.${}()*/-])\/(?:usr|opt|bin|sbin|lib|lib64)\/[\w.+@%-]+(?:\/[\w.+@%-]+)*/g;
/** Where trees have files, in a root of any layout. */
const IN_TREE = /^\/(?:usr|opt|s?bin|lib(?:32|64|x32)?)\//;
/** In bytes. A longer text is a program with its data, such as a self-extracting archive. */
const MAX_SCRIPT = 256 * 1024;

function textOf(view: View, path: string): string | undefined {
  const bytes = readBytes(view, path);
  return bytes && bytes.length <= MAX_SCRIPT ? asBuffer(bytes).toString('latin1') : undefined;
}

/** Returns the need for a path that a script names; none if it does not exist, or contains all libraries. */
function pathNeed(path: string, { text, line }: ShellWord, around: View, shell?: ShellScript): Need[] {
  const real = follow(around, text);
  if (real.path === undefined || real.path === path || COMMON_DIRECTORY.test(resolveParent(around, text)))
    return [];
  const isRun = isExecutable(around, real.path) && !shell?.tested.has(text);
  const own = isOwn(around, real.path, path);
  const strength = own ? (isRun ? 'required' : 'recommended') : 'candidate';
  return [{ what: text, strength, evidence: { kind: 'script', file: path, text, line } }];
}

/** Returns the absolute paths in the words of a shell script, each with its first occurrence. */
function pathsInShell({ words }: ShellScript): ShellWord[] {
  return firstOfEach(words.map(({ text, line }) => [text, line]));
}

/** The line with which a shell that runs a Perl script starts Perl instead (perlrun(1)); Perl itself skips it. */
const PERL_AGAIN = /^\s*eval\s+['"]exec\s+\S*perl\b/;

/** Returns the absolute paths in the text of a script; comments and the manual in a Perl script are left out. */
function pathsInText(text: string): ShellWord[] {
  const lines = withoutManual(text).split('\n');
  return firstOfEach(
    lines.map((code, at) => [at === 0 || /^\s*#/.test(code) || PERL_AGAIN.test(code) ? '' : code, at + 1]),
  );
}

function firstOfEach(texts: readonly (readonly [text: string, line: number])[]): ShellWord[] {
  const found = new Map<string, number>();
  for (const [text, line] of texts)
    for (const { 0: named, index } of text.matchAll(IN_SCRIPT))
      if (!found.has(named)) found.set(named, line + text.slice(0, index).split('\n').length - 1);
  return [...found].map(([named, line]) => ({ text: named, line }));
}

/** The number of files that are followed from one script. */
const MAX_SOURCED = 32;

/** Returns the programs and files that a shell script runs and reads by name, and those of the files that it reads. */
function commandNeeds(view: View, path: string, shell: ShellScript, around: View): Need[] {
  const needs: Need[] = [];
  const source = view.source(path);
  const declared = new Set(programsOfDependencies(source.view, source.path).values());
  const sourced = new Set<string>();
  const add = (file: string, { runs, sources, tested }: ShellScript, isEntry: boolean) => {
    for (const { text, line } of sources) {
      const what = text.startsWith('/') ? text : findProgram(around, text);
      // no tree has configuration of the host, such as /etc/default/NAME
      if (what !== undefined && !IN_TREE.test(what)) continue;
      const real = what === undefined ? undefined : follow(around, what);
      if (what === undefined || real?.path === undefined || real.kind !== 'file') continue;
      needs.push({ what, strength: 'recommended', evidence: { kind: 'command', file, text, line } });
      if (sourced.has(real.path) || sourced.size >= MAX_SOURCED) continue;
      sourced.add(real.path);
      const inner = readShell(textOf(around, real.path) ?? '');
      if (inner) add(real.path, inner, false);
    }
    for (const { text, line } of runs) {
      const what = text.includes('/') && !text.startsWith('/') ? undefined : findProgram(around, text);
      const real = what === undefined ? undefined : follow(around, what).path;
      if (what === undefined || real === undefined || real === path || !isExecutable(around, real)) continue;
      const strength = isOwn(around, real, file) ? 'required' : 'recommended';
      const isCertain = isEntry && !tested.has(text);
      const evidence = { kind: 'command', file, text, line } as const;
      if (declared.has(what)) needs.push({ what, strength: 'recommended', evidence, declared: true });
      else needs.push({ what, strength: isCertain ? strength : weakened(strength), evidence });
    }
  };
  add(path, shell, true);
  return needs;
}
