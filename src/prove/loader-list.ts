import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { normalise } from '../view/path.ts';

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

/** The reason that an emulator may remove. */
export const NOT_EXECUTABLE = 'this machine does not execute it';

const TIMEOUT_MS = 60_000;

/**
 * Runs the loader of a finished tree in a chroot of the tree: as root with chroot(1), otherwise in a user namespace.
 * Throws `NotRunnable` if neither is allowed or installed, or the machine cannot execute the loader.
 *
 * @param loader its path in the tree
 * @param variables the environment, which chroot or unshare also get
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

/** The loader exists, so “No such file” means that the kernel cannot execute it. */
function reason(said: string): string {
  return said === '' || /No such file or directory|Exec format error/.test(said) ? NOT_EXECUTABLE : said;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** musl names every missing library; glibc stops at the first one under `--list`. */
const MUSL_LACKS = /^Error loading shared library (.*?):/gm;
const GLIBC_LACKS = /: error while loading shared libraries: (.*?): cannot open shared object file/g;

/** Lists the files that the loader would map for an object of the tree. Throws `FlixError` `loader-refuses`. */
export async function listObject(root: LoaderRoot, loader: string, object: string): Promise<Listing> {
  const { stdout, stderr, exitCode } = await runLoader(root, loader, ['--list', object]);
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
