import { FlixError } from '../errors.ts';
import { normalise } from '../view/path.ts';
import { CONFINEMENT_MESSAGE, runConfined, runConfinedEach } from '../io/confine.ts';
import type { RunResult } from '../io/spawn.ts';

/** What a loader prints for `--list`. */
export interface Listing {
  /** Paths as printed, normalised; the object itself, the loader and the vdso are not among them. */
  readonly loads: readonly string[];
  readonly lacks: readonly string[];
}

/** The directory in which a loader runs as its root, with the emulator that runs it if the kernel does not. */
export interface LoaderRoot {
  readonly directory: string;
  /** A static program, by its path inside the directory. */
  readonly emulator: string | undefined;
}

/** The loader cannot be run on this machine. */
export class NotRunnable extends Error {
  override readonly name = 'NotRunnable';
}

/** What glibc says on a processor of a lower level than it or a file is built for (glibc sysdeps/x86/dl-prop.h, get-isa-level.h). */
const OTHER_PROCESSOR = /CPU ISA level is lower than required|CPU does not support x86-64-v\d/;

/** The reason that an emulator may remove. */
export const NOT_EXECUTABLE = 'this machine does not execute it';

/**
 * Runs the loader of a finished tree with the tree as its root, without privileges: what a root brings may be hostile.
 * Throws `NotRunnable` if this machine cannot confine it, or cannot execute it.
 *
 * @param loader its path in the tree
 * @param variables the whole environment
 */
export async function runLoader(
  { directory, emulator }: LoaderRoot,
  loader: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<RunResult> {
  const command = [...(emulator === undefined ? [] : [emulator]), loader, ...args];
  return checkRan(await confined(() => runConfined(directory, command, variables)));
}

/** Returns a result if the loader ran. Throws `NotRunnable` otherwise. */
function checkRan(result: RunResult): RunResult {
  if (OTHER_PROCESSOR.test(result.stderr)) throw new NotRunnable(lastLine(result.stderr));
  if (result.exitCode === 126 || CONFINEMENT_MESSAGE.test(result.stderr))
    throw new NotRunnable(reason(lastLine(result.stderr)));
  return result;
}

async function confined<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FlixError && error.code === 'missing-tool') throw new NotRunnable(error.message);
    throw error;
  }
}

/** The loader exists, so “No such file” means that the kernel cannot execute it. */
function reason(said: string): string {
  return said === '' || /No such file or directory|Exec format error/.test(said) ? NOT_EXECUTABLE : said;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** musl names every missing library; glibc stops at the first one under `--list`. */
const MUSL_LACKS = /^Error loading shared library (.*?):/gm;
const GLIBC_LACKS =
  /: error while loading shared libraries: (.*?): (?:cannot open shared object file|wrong ELF class)/g;

/** The loader lists nothing, because it refuses an object. */
export class Refusal {
  /** What the loader said. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Lists the files that the loader would map for each of some objects of the tree, in their order. Throws `NotRunnable`. */
export async function listObjects(
  { directory, emulator }: LoaderRoot,
  loader: string,
  objects: readonly string[],
): Promise<(Listing | Refusal)[]> {
  const command = [...(emulator === undefined ? [] : [emulator]), loader, '--list'];
  const results = await confined(() => runConfinedEach(directory, command, objects));
  return results.map(result => listingIn(checkRan(result)));
}

/** Reads what the loader printed for `--list`. */
function listingIn({ stdout, stderr, exitCode }: RunResult): Listing | Refusal {
  const loads = new Set<string>();
  const lacks = new Set<string>();
  // a path may contain a line break, but every line of the listing begins with a tab
  for (const line of stdout.trimEnd().split(/\n(?=\t)/)) {
    const missing = /^\t(.*) => not found$/s.exec(line);
    const found = /^\t(?:.* => )?(\/.*) \(0x[0-9a-f]+\)$/s.exec(line);
    if (missing) lacks.add(missing[1]!);
    else if (found) loads.add(normalise(found[1]!));
  }
  for (const lack of [MUSL_LACKS, GLIBC_LACKS])
    for (const match of stderr.matchAll(lack)) lacks.add(match[1]!);
  const static_ = /statically linked/.test(stdout);
  if (loads.size === 0 && lacks.size === 0 && exitCode !== 0 && !static_)
    return new Refusal((stderr || stdout).trim() || `it ends with status ${exitCode} and says nothing`);
  return { loads: [...loads], lacks: [...lacks] };
}

/** For what no input causes unless it changes meanwhile. */
export const wayOut =
  'Nothing was published. Run the command again when nothing else writes to the root. If it fails again, this is a bug in flix: please report it, with the command line.';
