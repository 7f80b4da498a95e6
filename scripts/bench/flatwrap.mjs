import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Merges the tree with this machine's /usr, as a host would, and runs the measurement there. */
const MERGE = `
cd "$1"
mount -t overlay flix-bench -o lowerdir=usr:/usr /usr
shift
exec "$@"
`;

/**
 * Wraps `true`, merges it with this machine's /usr in a mount namespace, and measures how long it takes to start.
 *
 * @param {string} node
 * @param {string} root a whole root
 */
export function benchFlatwrap(node, root) {
  if (process.getuid() !== 0)
    return console.log('\nstart-up of wrapped programs: not measured, this user is not root');
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const tree = path.join(directory, 'flatwrapped');
  const options = ['--quiet', '--mode', 'flatwrap', '--trim', '--name', 'flatwrapped', '--out', tree];
  try {
    execFileSync(node, ['bin/flix.js', 'vendor', root, ...options, '/usr/bin/true:/usr/bin/flatwrapped']);
    mkdirSync(path.join(tree, 'usr/local/flatwrapped.mnt'));
    const script = fileURLToPath(new URL('start-up.mjs', import.meta.url));
    execFileSync('unshare', ['--mount', 'sh', '-c', MERGE, 'merge', tree, node, script], {
      stdio: 'inherit',
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
