import { basename, dirname } from 'node:path';
import { FlixError } from '../errors.ts';
import { type LoaderRoot, NotRunnable, runLoader, wayOut } from './loader-list.ts';

/** Places that no tree holds: glibc names what it cannot load. musl does not, and knows no auditors. */
const NO_AUDITOR = '/flix-decoy/audit.so';
const NO_PRELOAD = '/flix-decoy/preload.so';

/**
 * Which variables a private loader still follows, by its own word: it is run with the private directory in each of
 * them, spelled so that a library which came that way is listed under that spelling. musl says nothing of a preload
 * that is not there, so it has to be one that is.
 * `undefined`: it cannot be run here, or what it says cannot be told from what chroot's own loader says before it.
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
    // apart: a library that is preloaded already is not searched for
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
      wayOut,
    );
}

/** chroot(1) is a program too, and its loader follows the same variables until it hands over to its main(). */
function afterHandover(stderr: string): string | undefined {
  const line = /^.*\ttransferring control: .*$/m.exec(stderr);
  return line ? stderr.slice(line.index + line[0].length) : undefined;
}
