import fs from 'node:fs';
import { posix } from 'node:path';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { directoryView } from '../../src/view/directory.ts';
import { follow } from '../../src/view/follow.ts';
import { objectAt } from '../../src/view/object.ts';
import type { View } from '../../src/view/view.ts';
import { walk } from '../../src/view/walk.ts';
import { readListing, runInRoot } from './run-in-root.ts';
import { runner } from './runner.ts';

/** What a root's own loader lists for one file, in the shape of a line of `flix tree --all --ndjson`. */
export interface TruthLine {
  readonly file: string;
  readonly interp: string | null;
  /** `[name, literal path]` in load order, without the loader. */
  readonly libs: readonly (readonly [string, string])[];
  readonly missing: readonly string[];
  /** The loader's error message if it refused the file; then it listed nothing. */
  readonly error?: string;
}

export interface TruthOptions {
  /** Ask about this many files only, spread evenly over all. */
  readonly sample?: number | undefined;
  /** `false`: ignore ld.so.cache. */
  readonly cache?: boolean | undefined;
}

export interface Truth {
  readonly lines: readonly TruthLine[];
  /** Files whose loader the root does not have or this machine cannot run. */
  readonly notAsked: readonly { readonly file: string; readonly why: string }[];
}

interface Subject {
  readonly file: string;
  readonly facts: ElfFacts;
}

/** Asks a root's own loaders about all of its dynamic ELF files, in a chroot. Writes nothing to the root. Needs root. */
export async function truth(root: string, { sample, cache = true }: TruthOptions = {}): Promise<Truth> {
  const view = directoryView(root);
  const all = [...subjects(view)];
  const count = Math.min(sample ?? all.length, all.length);
  const loaderFor = loadersInUse(view, all);
  const groups = new Map<string, Subject[]>();
  const notAsked: { file: string; why: string }[] = [];
  for (let at = 0; at < count; at++) {
    const subject = all[Math.floor((at * all.length) / count)]!;
    const loader = loaderFor(subject.facts);
    const real = loader === undefined ? undefined : follow(view, loader).path;
    if (loader === undefined || real === undefined)
      notAsked.push({ file: subject.file, why: 'the root has no loader for it' });
    else if (!runner(view.source(real).hostPath!))
      notAsked.push({ file: subject.file, why: `this machine cannot run ${loader}` });
    else groups.set(loader, [...(groups.get(loader) ?? []), subject]);
  }
  const lines: TruthLine[] = [];
  for (const [loader, group] of groups) lines.push(...(await askLoader(view, root, loader, group, cache)));
  return { lines, notAsked };
}

/** All dynamic ELF files of a root. Does not follow links. */
function* subjects(view: View): Generator<Subject> {
  for (const { path, kind } of walk(view, '/')) {
    if (kind !== 'file') continue;
    const { facts } = objectAt(view, path);
    if (facts?.dynamic) yield { file: path, facts };
  }
}

/** Chooses the loader that a program names; for a library, the one that most programs of its ABI name. */
function loadersInUse(view: View, all: readonly Subject[]): (facts: ElfFacts) => string | undefined {
  const votes = new Map<string, Map<string, number>>();
  for (const { facts } of all) {
    const { interpreter } = facts;
    if (interpreter === undefined || follow(view, interpreter).path === undefined) continue;
    const counts = votes.get(abi(facts)) ?? new Map<string, number>();
    votes.set(abi(facts), counts.set(interpreter, (counts.get(interpreter) ?? 0) + 1));
  }
  return facts => {
    const counts = votes.get(abi(facts));
    if (facts.interpreter !== undefined && counts?.has(facts.interpreter)) return facts.interpreter;
    return [...(counts ?? [])].sort(([, a], [, b]) => b - a)[0]?.[0];
  };
}

/** Identifies objects that one loader can load together. The name of the libc tells musl from glibc. */
function abi({ header, dynamic, interpreter }: ElfFacts): string {
  const libc = interpreter ?? dynamic?.needed.find(({ name }) => name.startsWith('libc.'))?.name ?? '';
  return [header.class, header.endian, header.machine, /musl|^libc\.so$/.test(libc)].join();
}

async function askLoader(
  view: View,
  root: string,
  loader: string,
  group: readonly Subject[],
  cache: boolean,
): Promise<TruthLine[]> {
  const musl = posix.basename(loader).startsWith('ld-musl');
  const real = view.source(follow(view, loader).path!).hostPath!;
  // like flix, assume no processor level; loaders before 2.33 know none
  const hwcaps = fs.readFileSync(real).includes('--glibc-hwcaps-mask') ? ['--glibc-hwcaps-mask', 'none'] : [];
  const options = musl ? ['--list'] : [...hwcaps, ...(cache ? [] : ['--inhibit-cache'])];
  const answers = await runInRoot({
    root,
    command: [loader, ...options],
    paths: group.map(({ file }) => file),
    environment: { LD_TRACE_LOADED_OBJECTS: '1' },
    emulator: runner(real)?.emulator,
  });
  return group.map(({ file, facts }, index) => {
    const { stdout, stderr, status } = answers[index]!;
    const libs: [string, string][] = [];
    const missing = new Set<string>();
    for (const { name, path } of readListing(stdout)) {
      if (path === undefined) missing.add(name);
      else if (path !== loader) libs.push([name, path]);
    }
    for (const [, name] of stderr.matchAll(/^Error loading shared library (.*): No such file/gm))
      missing.add(name!);
    const line = { file, interp: facts.interpreter ?? null, libs, missing: [...missing] };
    return status === 0 || missing.size > 0 ? line : { ...line, error: stderr.trim() };
  });
}
