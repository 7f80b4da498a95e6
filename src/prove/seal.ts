import { basename, dirname } from 'node:path';
import { FlixError } from '../errors.ts';
import { type LoaderRoot, NotRunnable, runLoader } from './loader-list.ts';

/** Paths that exist in no tree: glibc reports what it cannot load. musl does not, and has no auditors. */
const NO_AUDITOR = '/flix-decoy/audit.so';
const NO_PRELOAD = '/flix-decoy/preload.so';

/**
 * Finds the variables that a private loader still follows: runs it with the private directory in each of them, spelled
 * so that a library found through the variable is listed under that spelling. musl does not report a preload that does
 * not exist, so an existing one is used too. Returns `undefined` if the loader cannot run here, or if its output cannot
 * be separated from that of the loader of chroot(1), which comes before it.
 *
 * @param object an object of the tree that needs `library`
 * @param library a name in the private directory, absolute
 */
export async function openVariables(
  root: LoaderRoot,
  loader: string,
  object: string,
  library: string,
): Promise<string[] | undefined> {
  const searched = `${dirname(library)}/./`;
  const preloaded = `${dirname(library)}/././${basename(library)}`;
  const ask = async (variables: Readonly<Record<string, string>>) => {
    const { stdout, stderr } = await runLoader(root, loader, ['--list', object], {
      ...variables,
      LD_DEBUG: 'libs',
    });
    const said = afterHandover(stderr);
    return said === undefined ? undefined : stdout + said;
  };
  try {
    // in two runs, because the loader does not search for a library that it preloaded
    const [first, second] = await Promise.all([
      ask({ LD_LIBRARY_PATH: searched, LD_AUDIT: NO_AUDITOR }),
      ask({ LD_PRELOAD: `${NO_PRELOAD}:${preloaded}` }),
    ]);
    if (first === undefined || second === undefined) return undefined;
    const open: string[] = [];
    if (first.includes(searched) || first.includes('(LD_LIBRARY_PATH)')) open.push('LD_LIBRARY_PATH');
    if (second.includes(NO_PRELOAD) || second.includes(preloaded)) open.push('LD_PRELOAD');
    if (first.includes(NO_AUDITOR)) open.push('LD_AUDIT');
    return open;
  } catch (error) {
    if (error instanceof NotRunnable) return undefined;
    throw error;
  }
}

/**
 * Compares the variables that a sealed loader follows with those that its seal leaves open. A variable that the loader
 * does not follow is no contradiction: the question may not have reached it. Throws `FlixError` `seal-differs`.
 */
export function checkSeal(loader: string, followed: readonly string[], open: readonly string[]): void {
  const unexpected = followed.filter(variable => !open.includes(variable));
  if (unexpected.length > 0)
    throw new FlixError(
      'proof',
      'seal-differs',
      `${loader} follows ${unexpected.join(', ')}, although its seal closes ${unexpected.length > 1 ? 'them' : 'it'}`,
      'Nothing was published. Compare the loader with its package (dpkg --verify, rpm -V). To leave it unsealed, use --seal none.',
    );
}

/** Returns the output after that of chroot(1) itself, whose loader follows the same variables until it calls main(). */
function afterHandover(stderr: string): string | undefined {
  const line = /^.*\ttransferring control: .*$/m.exec(stderr);
  return line ? stderr.slice(line.index + line[0].length) : undefined;
}
