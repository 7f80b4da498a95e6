import { type Ground, NotRunnable, runLoader } from './loader-list.ts';

/** Directories that no tree holds, one for each variable. */
const DECOYS = {
  LD_LIBRARY_PATH: '/flix-decoy/library-path',
  LD_PRELOAD: '/flix-decoy/preload.so',
  LD_AUDIT: '/flix-decoy/audit.so',
};

/**
 * Which variables a private loader still follows, by its own word: it is run with each of them pointing to something
 * that does not exist, and names that place if it looks there (glibc with LD_DEBUG=libs).
 * `undefined`: it cannot be run here, or what it says cannot be told from what chroot's own loader says before it.
 *
 * @param object an object of the tree that needs at least one library
 */
export async function openVariables(
  ground: Ground,
  loader: string,
  object: string,
): Promise<string[] | undefined> {
  try {
    const { stderr } = await runLoader(ground, loader, ['--list', object], { ...DECOYS, LD_DEBUG: 'libs' });
    const said = afterHandover(stderr);
    return said === undefined
      ? undefined
      : Object.entries(DECOYS).flatMap(([name, place]) => (said.includes(place) ? [name] : []));
  } catch (error) {
    if (error instanceof NotRunnable) return undefined;
    throw error;
  }
}

/** chroot(1) is a program too, and its loader follows the same variables until it hands over to its main(). */
function afterHandover(stderr: string): string | undefined {
  const line = /^.*\ttransferring control: .*$/m.exec(stderr);
  return line ? stderr.slice(line.index + line[0].length) : undefined;
}
