import { run } from './spawn.ts';

/** Far below the kernel's limit for arguments (2 MB), whatever the paths. */
const MOST_AT_ONCE = 400;
const PROCESSES = 2;

/**
 * Digests of files of this machine, hexadecimal, in the order of the paths. By sha256sum(1), so that this process can
 * do something else meanwhile. Throws `FlixError`.
 */
export async function sha256Files(paths: readonly string[]): Promise<string[]> {
  const digests = Array.from({ length: paths.length }, () => '');
  const atOnce = Math.min(MOST_AT_ONCE, Math.ceil(paths.length / PROCESSES));
  let next = 0;
  const work = async () => {
    while (next < paths.length) {
      const start = next;
      next += atOnce;
      const { stdout } = await run('sha256sum', ['--', ...paths.slice(start, start + atOnce)]);
      // a name with a line break is escaped, and its line begins with a backslash
      [...stdout.matchAll(/^\\?([0-9a-f]{64}) /gm)].forEach((line, i) => (digests[start + i] = line[1]!));
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, work));
  return digests;
}
