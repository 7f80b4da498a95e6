import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { alternate, line } from './alternate.mjs';

/**
 * Compares recording a host in a profile with sha256sum over its files.
 *
 * @param {string} node the path of Node
 * @param {readonly string[]} roots paths of the hosts
 */
export function benchSnapshot(node, roots) {
  const directory = mkdtempSync(path.join(tmpdir(), 'flix-bench-'));
  const profile = path.join(directory, 'profile');
  try {
    for (const root of roots) {
      const snapshot = {
        name: `flix host snapshot of ${path.basename(root)}`,
        command: [node, 'bin/flix.js', 'host', 'snapshot', '--quiet', '--root', root, '--output', profile],
        prepare: () => rmSync(profile, { force: true }),
      };
      const sums = {
        name: 'sha256sum',
        command: ['find', `${root}/`, '-xdev', '-type', 'f', '-exec', 'sha256sum', '--', '{}', '+'],
      };
      console.log(line(alternate(snapshot, sums, { rounds: 5, clock: 'processor' })));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
