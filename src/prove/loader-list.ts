import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { normalise } from '../view/path.ts';

/** What a loader prints for `--list`. */
export interface Listing {
  /** Paths as printed, normalised; the object itself, the loader and the vdso are not among them. */
  readonly loads: readonly string[];
  readonly lacks: readonly string[];
}

/** Where a loader is run: a directory that holds the finished tree, and what runs it there if the kernel does not. */
export interface LoaderRoot {
  readonly directory: string;
  /** A static program inside the directory. */
  readonly emulator: string | undefined;
}

/** The loader cannot be run here; what it would have said stays unproven. */
export class NotRunnable extends Error {
  override readonly name = 'NotRunnable';
}

/** The reason that an emulator may take away. */
export const NOT_EXECUTABLE = 'this machine does not execute it';

const TIMEOUT_MS = 60_000;

/**
 * Runs the loader of a finished tree in a chroot of the tree, which needs nothing else there: as root with chroot,
 * else in a user namespace. Throws `NotRunnable` where neither is allowed, or the machine cannot run the loader.
 *
 * @param loader its path in the tree
 * @param variables of the environment, which chroot or unshare see before the loader does
 */
export async function runLoader(
  { directory, emulator }: LoaderRoot,
  loader: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number }> {
  const root = process.getuid?.() === 0;
  const wrapper = root ? ['chroot', directory] : ['unshare', '--map-root-user', '--root', directory];
  const command = emulator === undefined ? [loader] : [emulator, loader];
  const result = await runIfInstalled(wrapper[0]!, [...wrapper.slice(1), ...command, ...args], {
    allowFailure: true,
    timeoutMs: TIMEOUT_MS,
    env: variables,
  });
  if (result.exitCode === 126 || /^(?:chroot|unshare): /m.test(result.stderr))
    throw new NotRunnable(reason(lastLine(result.stderr)));
  return result;
}

async function runIfInstalled(...call: Parameters<typeof run>): ReturnType<typeof run> {
  try {
    return await run(...call);
  } catch (error) {
    if (error instanceof FlixError && error.code === 'missing-tool') throw new NotRunnable(error.message);
    throw error;
  }
}

/** It is there: that there is no such file is said by the shell that is to run what the kernel does not. */
function reason(said: string): string {
  return said === '' || /No such file or directory|Exec format error/.test(said) ? NOT_EXECUTABLE : said;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** musl goes on after a library that is missing, and names each; glibc ends at the first under `--list`. */
const MUSL_LACKS = /^Error loading shared library (.*?):/gm;
const GLIBC_LACKS = /: error while loading shared libraries: (.*?): cannot open shared object file/g;

/** Asks which files the loader would map for an object of the tree. Throws `FlixError` if it refuses the object. */
export async function listObject(root: LoaderRoot, loader: string, object: string): Promise<Listing> {
  const { stdout, stderr, exitCode } = await runLoader(root, loader, ['--list', object]);
  const loads = new Set<string>();
  const lacks = new Set<string>();
  // a path may hold a line break; a line of the listing begins with a tab
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
    throw new FlixError(
      'proof',
      'loader-refuses',
      `${object}: its private loader refuses it: ${(stderr || stdout).trim()}`,
      wayOut,
    );
  return { loads: [...loads], lacks: [...lacks] };
}

export const wayOut =
  'Nothing was published. This should not happen with any input: please report it, with the command line.';
