import { type Ground, NotRunnable, runLoader } from './loader-list.ts';

const DECOY = '/flix-decoy';

/**
 * Which variables a private loader still follows, by its own word: it is run with each of them pointing to a
 * directory that does not exist, and names that directory if it looks there (glibc with LD_DEBUG=libs).
 * `undefined`: it cannot be run here, or what it says cannot be told from what chroot's own loader says before it.
 *
 * @param object an object of the tree that needs at least one library
 */
export async function openVariables(
  ground: Ground,
  loader: string,
  object: string,
): Promise<string[] | undefined> {
  const open: string[] = [];
  const values = { LD_LIBRARY_PATH: DECOY, LD_PRELOAD: `${DECOY}/preload.so`, LD_AUDIT: `${DECOY}/audit.so` };
  try {
    for (const [name, value] of Object.entries(values)) {
      const { stderr } = await runLoader(ground, loader, ['--list', object], {
        [name]: value,
        LD_DEBUG: 'libs',
      });
      const said = afterHandover(stderr);
      if (said === undefined) return undefined;
      if (said.includes(DECOY)) open.push(name);
    }
  } catch (error) {
    if (error instanceof NotRunnable) return undefined;
    throw error;
  }
  return open;
}

/** chroot(1) is a program too, and its loader follows the same variables until it hands over to its main(). */
function afterHandover(stderr: string): string | undefined {
  const line = /^.*\ttransferring control: .*$/m.exec(stderr);
  return line ? stderr.slice(line.index + line[0].length) : undefined;
}
