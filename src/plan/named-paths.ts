import { asBuffer } from '../elf/bytes.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { isLibcPart, isLoaderFile } from '../libc/libc.ts';
import type { Remark } from '../manifest/manifest.ts';
import { follow } from '../view/follow.ts';
import { objectAt, textsAt } from '../view/object.ts';
import { basename, within } from '../view/path.ts';
import { headOf, readBytes, shebang } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { interpretersOf } from './interpreters.ts';
import type { PlannedFile } from './plan.ts';
import { resolveParent } from './source.ts';
import { targetOf } from './target.ts';

/** How the programs of a tree will find the paths that they name. */
export interface Surroundings {
  /** In which the paths are looked up. */
  readonly view: View;
  /** Whether the programs will find a path of the view, or a part of that directory. Only its last component may be a link. */
  readonly has: (path: string) => boolean;
  /** Whether the libc finds its own data, such as time zones, although the tree does not contain it. */
  readonly servesLibc: boolean;
  readonly code: string;
  /** Completes `names PATH, which …`. */
  readonly lacks: string;
  /** Completes `Name PATH too, …`. */
  readonly unless: string;
}

/** Describes a tree whose programs run on the host, for `namedPathRemarks`. */
export function onTheHost(view: View, files: readonly PlannedFile[]): Surroundings {
  const present = new Set<string>();
  for (const { target } of files)
    for (let end = target.length; end > 0; end = target.lastIndexOf('/', end - 1))
      present.add(target.slice(0, end));
  return {
    view,
    // an extension cannot bring what lies elsewhere
    has: path => present.has(targetOf(path) ?? path) || targetOf(path) === undefined,
    servesLibc: true,
    code: 'names-absent',
    lacks: 'the tree does not contain',
    unless: 'unless every host has it',
  };
}

/**
 * Reports files and directories of the roots that programs, libraries and scripts of the tree name and that they will not
 * find: data that is compiled in, the interpreters of scripts, and the programs that scripts run. Which of them are
 * really used is unknown, so none is copied.
 */
export function namedPathRemarks(files: readonly PlannedFile[], around: Surroundings): Remark[] {
  const known = new Set<string>(TRANSLATIONS);
  const remarks: Remark[] = [];
  const scripts: Script[] = [];
  for (const { target, role, content } of files) {
    if (content.kind !== 'copy' || role === 'loader' || content.view.kind(content.path) !== 'file') continue;
    const { facts } = objectAt(content.view, content.path);
    if (facts) {
      if (role !== 'resource') remarks.push(...elfRemarks(content, target, facts, around, known));
    } else if (isScript(content)) scripts.push({ ...content, target });
  }
  return [...remarks, ...scriptRemarks(scripts, around)];
}

/** Programs work without translations. */
const TRANSLATIONS = ['/usr/share/locale'];

interface SourceFile {
  readonly view: View;
  /** Real. */
  readonly path: string;
}

interface Script extends SourceFile {
  readonly target: string;
}

/** A path below the directories of programs' data, without a trailing slash. */
const KEPT = /^\/(?:usr\/(?:share|lib|libexec)|lib|opt)\/[\w.+/-]*[\w.+-]/;
/** A file with more paths contains a table of them, which helps nobody. */
const MAX_NAMED = 12;

function elfRemarks(
  { view, path }: SourceFile,
  target: string,
  facts: ElfFacts,
  around: Surroundings,
  known: Set<string>,
): Remark[] {
  if (around.servesLibc && isLibcPart(facts.dynamic?.soname, path)) return [];
  const searched = searchedBy(facts);
  const absent = new Set<string>();
  for (const named of compiledIn(view, path)) {
    const place = placeOf(around.view, named);
    if (place === undefined || isLoaderFile(basename(named)) || searched.has(named)) continue;
    if (!known.has(place) && !LIBRARIES.test(place) && !around.has(place)) absent.add(place);
  }
  if (absent.size === 0 || absent.size > MAX_NAMED) return [];
  for (const place of absent) known.add(place);
  // a directory stands for what is in it
  for (const place of absent)
    if ([...absent].some(other => other !== place && within(other, place))) absent.delete(place);
  return [
    {
      code: around.code,
      file: target,
      message: `names ${[...absent].join(', ')}, which ${around.lacks}: add it with --include, ${around.unless}`,
    },
  ];
}

/** The directories in which all libraries lie. */
const LIBRARIES = /^\/usr\/(?:local\/)?lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?$/;

/** Returns the directories that an object names for its libraries, which the loader reads and the program does not. */
function searchedBy({ dynamic }: ElfFacts): Set<string> {
  const lists = [dynamic?.rpath, dynamic?.runpath].flatMap(list => list?.split(':') ?? []);
  return new Set(lists.map(directory => directory.replace(/\/+$/, '')));
}

/** Returns the paths that an object contains, alone or in lists with colons. */
function compiledIn(view: View, path: string): string[] {
  const { whole, parts } = textsAt(view, path);
  const found = new Set<string>();
  for (const texts of [whole, parts])
    for (const text of texts)
      for (const element of text.includes(':') ? text.split(':') : [text]) {
        const named = KEPT.exec(element)?.[0];
        if (named !== undefined) found.add(named);
      }
  return [...found].sort();
}

/** Returns where an existing path lies; its last component may be a link. */
function placeOf(view: View, path: string): string | undefined {
  return follow(view, path).path === undefined ? undefined : resolveParent(view, path);
}

/** Whether the kernel starts a file by its first line. */
function isScript({ view, path }: SourceFile): boolean {
  return (view.stat(path).mode & 0o111) !== 0 && shebang(headOf(view, path)) !== undefined;
}

/** Reports each interpreter and each named path once, for the first script that needs it. */
function scriptRemarks(scripts: readonly Script[], around: Surroundings): Remark[] {
  const users = new Map<
    string,
    { readonly code: string; readonly does: string; readonly fix: string; readonly files: string[] }
  >();
  const add = (file: string, code: string, does: string, fix: string) => {
    const known = users.get(does);
    if (known) known.files.push(file);
    else users.set(does, { code, does, fix, files: [file] });
  };
  for (const { path, target } of scripts) {
    const { paths, missing } = interpretersOf(around.view, path);
    for (const name of missing)
      add(target, 'missing-interpreter', `is run by ${name}, which is not in the root`, '');
    const interpreters = new Map(paths.map(named => [placeOf(around.view, named) ?? named, named]));
    for (const [place, named] of interpreters)
      if (!around.has(place))
        add(
          target,
          'script',
          `is run by ${named}, which ${around.lacks}`,
          ` Name ${named} too, with the directory of its modules if it has one, ${around.unless}.`,
        );
    for (const { named, place, isProgram } of namedInScript(path, around.view)) {
      if (interpreters.has(place) || LIBRARIES.test(place) || around.has(place)) continue;
      const does = `${isProgram ? 'runs' : 'names'} ${named}, which ${around.lacks}`;
      add(target, isProgram ? 'runs-absent' : around.code, does, ` Name ${named} too, ${around.unless}.`);
    }
  }
  return [...users.values()].map(({ code, does, fix, files: [file, ...others] }) => {
    const more = others.length > 0 ? `; so do ${others.length} more` : '';
    return { code, file: file!, message: `a script that ${does}${more}.${fix}` };
  });
}

/** An absolute path in the text of a script, such as that of a program or of its directory. */
const IN_SCRIPT = /(?<![\w.${}()*/-])\/(?:usr|opt|bin|sbin|lib|lib64)\/[\w.+@%-]+(?:\/[\w.+@%-]+)*/g;
/** In bytes. A longer text is a program with its data, such as a self-extracting archive. */
const MAX_SCRIPT = 256 * 1024;

interface NamedPath {
  readonly named: string;
  readonly place: string;
  readonly isProgram: boolean;
}

function namedInScript(path: string, view: View): NamedPath[] {
  const bytes = readBytes(view, path);
  if (!bytes || bytes.length > MAX_SCRIPT) return [];
  const lines = asBuffer(bytes).toString('latin1').split('\n').slice(1);
  const text = lines.filter(line => !/^\s*#/.test(line)).join('\n');
  const names = new Set([...text.matchAll(IN_SCRIPT)].map(([named]) => named));
  if (names.size > MAX_NAMED) return [];
  return [...names].flatMap(named => {
    const real = follow(view, named);
    const place = placeOf(view, named);
    if (real.path === undefined || place === undefined) return [];
    const isProgram = real.kind === 'file' && (view.stat(real.path).mode & 0o111) !== 0;
    return [{ named, place, isProgram }];
  });
}
