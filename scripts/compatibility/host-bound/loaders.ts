import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { hostOf } from '../../../src/audit/merge.ts';
import { isProgram } from '../../../src/elf/classify.ts';
import { EM_X86_64 } from '../../../src/elf/constants.ts';
import type { Manifest } from '../../../src/manifest/manifest.ts';
import { hostResolver, mergedWith } from '../../../src/plan/host-bound/evaluate.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { objectAt } from '../../../src/view/object.ts';
import { walk } from '../../../src/view/walk.ts';
import { missingVersionsIn, traceMerged, undefinedSymbolsIn } from '../../../test/lab/merged-loaders.ts';
import { parseOutputs, type ProgramOutput, readListing } from '../../../test/lab/run-in-root.ts';
import { withDirectory } from '../tree.ts';

/** The answers of the hosts’ loaders about an extension. */
export interface LoaderTruth {
  /** How many answers were compared: one for each ELF file and host. */
  readonly asked: number;
  /** Where a loader disagrees with the plan, or complains. */
  readonly wrong: readonly string[];
  /** How many private libraries were removed, one at a time. */
  readonly removed: number;
  /** Those without which no file of the extension lacks anything on any host. */
  readonly unneeded: readonly string[];
}

/** The loader of the hosts. */
export const LOADER = '/lib64/ld-linux-x86-64.so.2';

interface ElfFile {
  readonly file: string;
  /** `false`: programs load it, and it uses their run path. */
  readonly isAlone: boolean;
  readonly isProgram: boolean;
}

/** Merges an extension over each host, and has the host's loader list every ELF file of it. */
export async function askLoaders(
  tree: string,
  manifest: Manifest,
  hosts: readonly string[],
  scratch: string,
): Promise<LoaderTruth> {
  const asked = elfFilesOf(tree, manifest);
  const wrong: string[] = [];
  const removable = new Set(privateLibraries(manifest));
  const count = removable.size;
  for (const host of hosts)
    await withDirectory(scratch, 'loaders', async directory => {
      const answers = await listed(tree, manifest.name, host, asked, directory);
      wrong.push(...(await compare(tree, manifest, host, asked, answers)));
      const users = new Map<string, string[]>();
      for (const { file, isAlone } of asked)
        for (const { path: library } of isAlone ? readListing(answers.get(file)!.stdout) : [])
          if (library !== undefined && removable.has(library))
            users.set(library, [...(users.get(library) ?? []), file]);
      // a needed library nearly always shows with its first user, so ask only that one at first
      for (const most of [1, Number.POSITIVE_INFINITY]) {
        const some = new Map([...users].map(([library, files]) => [library, files.slice(0, most)]));
        for (const library of await neededOn(tree, host, manifest, asked, some, removable, directory))
          removable.delete(library);
      }
    });
  return { asked: asked.length * hosts.length, wrong, removed: count, unneeded: [...removable].sort() };
}

function elfFilesOf(tree: string, { files }: Manifest): ElfFile[] {
  const view = directoryView(tree);
  const roles = new Map(files.map(file => [file.path, file.role]));
  return [...walk(view, '/')].flatMap(({ path: file, kind }) => {
    const facts = kind === 'file' ? objectAt(view, file).facts : undefined;
    if (!facts?.dynamic || facts.header.machine !== EM_X86_64 || facts.header.class !== 64) return [];
    return [{ file, isAlone: roles.get(file) !== 'library', isProgram: isProgram(facts) }];
  });
}

/** Leaves out those that a package pins, which a program compares by itself: no loader misses them. */
function privateLibraries({ files, host }: Manifest): string[] {
  const pinned = new Set(host?.choices.flatMap(({ name, package: pin }) => (pin ? [name] : [])));
  return files.flatMap(({ role, link, path: file }) =>
    role === 'library' && link === undefined && !pinned.has(path.basename(file)) ? [file] : [],
  );
}

/** Has the host's own systemd merge the extension. An extension for several releases is accepted only as an image, so a copy says `ID=_any`. */
async function listed(
  tree: string,
  name: string,
  host: string,
  asked: readonly ElfFile[],
  scratch: string,
): Promise<Map<string, ProgramOutput>> {
  const copy = path.join(scratch, 'copy', name);
  fs.cpSync(tree, copy, { recursive: true, verbatimSymlinks: true });
  fs.writeFileSync(path.join(copy, `usr/lib/extension-release.d/extension-release.${name}`), 'ID=_any\n');
  const traced = asked.map(({ file }) => ({ file, loader: LOADER }));
  return await traceMerged({ host, trees: [copy], scratch: path.join(scratch, 'trace') }, traced);
}

async function compare(
  tree: string,
  { host: bound, remarks }: Manifest,
  host: string,
  asked: readonly ElfFile[],
  answers: ReadonlyMap<string, ProgramOutput>,
): Promise<string[]> {
  const resolve = hostResolver(mergedWith(directoryView(tree), hostOf(directoryView(host)).view), LOADER);
  const choices = new Map(bound!.choices.map(({ name, from }) => [name, from]));
  const isRemarked = new Set(remarks.map(({ file }) => file));
  return asked.flatMap(({ file, isAlone, isProgram: isRun }) => {
    const answer = answers.get(file)!;
    const wrong: string[] = [];
    const list = readListing(answer.stdout).filter(({ path: found }) => found !== LOADER);
    const found = list.map(one => one.path).filter(one => one !== undefined);
    const planned = resolve(file)
      .objects.slice(1)
      .map(object => object.path);
    if (found.join('\n') !== planned.join('\n'))
      wrong.push(`lists ${found.join(' ')} instead of ${planned.join(' ')}`);
    if (isAlone) {
      for (const { name, path: library } of list) {
        const isOurs = library !== undefined && fs.existsSync(tree + library);
        const from = choices.get(name);
        if (library !== undefined && from !== undefined && isOurs !== (from === 'tree'))
          wrong.push(`takes ${name} from ${library}, but the manifest says from the ${from}`);
        if (library === undefined && !isRemarked.has(file)) wrong.push(`lacks ${name}`);
      }
      const complaints = missingVersionsIn(answer);
      if (isRun) complaints.push(...undefinedSymbolsIn(answer));
      if (complaints.length > 0 && !isRemarked.has(file)) wrong.push(`lacks ${complaints.join(' ')}`);
    }
    return wrong.map(text => `${path.basename(host)}: ${file} ${text}`);
  });
}

/**
 * Takes each library away in turn and has the loader bind its users again. `$at/root` is a writable overlay; perl runs
 * outside of it.
 */
const REMOVE = `
set -eu
lower=$1 at=$2 work=$3 script=$4
mount -t tmpfs flix-lab "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay flix-lab -o "lowerdir=$lower,upperdir=$at/upper,workdir=$at/work" "$at/root"
ask() { perl "$script" "$at/root" 0 2 LD_TRACE_LOADED_OBJECTS=1 LD_WARN=1 LD_BIND_NOW=1 "$@"; }
number=0
while read -r library opened; do
  preload=\${opened:+LD_PRELOAD=$opened}
  ask $preload -- ${LOADER} < "$work/users.$number" > "$work/before.$number"
  mv "$at/root$library" "$at/root/removed"
  ask $preload -- ${LOADER} < "$work/users.$number" > "$work/after.$number"
  mv "$at/root/removed" "$at/root$library"
  number=$((number + 1))
done < "$work/libraries"
`;

/** Returns the libraries whose removal makes a file of the extension lack something on a host. */
async function neededOn(
  tree: string,
  host: string,
  { needs = [], files }: Manifest,
  asked: readonly ElfFile[],
  users: ReadonlyMap<string, readonly string[]>,
  libraries: ReadonlySet<string>,
  scratch: string,
): Promise<string[]> {
  if (libraries.size === 0) return [];
  const [work, at] = ['work', 'at'].map(name => fs.mkdtempSync(path.join(scratch, `${name}-`))) as [
    string,
    string,
  ];
  const names = new Set(
    files.flatMap(({ role, path: file }) => (role === 'library' ? [path.basename(file)] : [])),
  );
  // a library that no file needs is opened at run time, or needed by one that is
  const opened = needs.flatMap(({ what, verdict }) =>
    verdict === 'brought' && names.has(what) ? [what] : [],
  );
  const preload = [...new Set(opened)].join(':');
  const openers = asked.flatMap(({ file, isAlone }) => (isAlone ? [file] : []));
  const all = [...libraries];
  fs.writeFileSync(
    path.join(work, 'libraries'),
    all.map(library => `${library} ${users.has(library) ? '' : preload}\n`).join(''),
  );
  all.forEach((library, number) => {
    const own = users.get(library) ?? openers;
    fs.writeFileSync(path.join(work, `users.${number}`), own.map(file => `${file}\0`).join(''));
  });
  const script = path.resolve(import.meta.dirname, '../../../test/lab/run-in-root.pl');
  const command = ['--mount', '--propagation', 'private', 'sh', '-c', REMOVE, 'remove'];
  await execa('unshare', [...command, `${tree}:${host}`, at, work, script], { stdin: 'ignore' });
  return all.filter((_, number) => {
    const [before, after] = ['before', 'after'].map(name =>
      parseOutputs(fs.readFileSync(path.join(work, `${name}.${number}`), 'utf8')).map(complaintsIn),
    ) as [Set<string>[], Set<string>[]];
    return after.some((lines, file) => [...lines].some(line => !before[file]!.has(line)));
  });
}

function complaintsIn({ stdout, stderr }: ProgramOutput): Set<string> {
  const lines = `${stdout}\n${stderr}`.split('\n');
  return new Set(
    lines.filter(line => /not found|undefined symbol|cannot be preloaded|cannot open/.test(line)),
  );
}
